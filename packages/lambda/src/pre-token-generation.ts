import {
  type AccessClaims,
  chooseMembership,
  impersonationClaims,
  memberClaims,
  nobody,
  type Organization,
  staffClaims,
  staffRolesIn,
} from "@tenantry/core/access/claims";
import { impersonationIssuer } from "@tenantry/core/access/impersonation";
import type { Issuer } from "@tenantry/core/access/issuer";
import { type Membership, statusOf } from "@tenantry/core/access/membership";
import type { Impersonation } from "@tenantry/core/impersonation/impersonation";
import { type Federated, isWelcome } from "@tenantry/core/sso/join";
import type { PreTokenGenerationV2TriggerEvent } from "aws-lambda";
import { z } from "zod";

/** What the trigger looks up. */
export type Profiles = {
  readonly profileOf: (
    userId: string,
  ) => Promise<{ readonly memberships: readonly Membership[]; readonly chosen: string | undefined }>;
  /** Null where there is no such tenant. */
  readonly organizationOf: (tenantId: string) => Promise<Organization | null>;
  /** The impersonation that this member of staff began last; null where there is none, or it is over. */
  readonly impersonationBy: (userId: string) => Promise<Impersonation | null>;
  readonly issuerOf: (userPoolId: string, clientId: string) => Promise<Issuer | null>;
  /** Makes whoever comes from a tenant's identity provider a member there. Null when they may not be one by now. */
  readonly join: (client: Issuer, user: Federated, requestId: string) => Promise<Membership | null>;
};

/** The event with its answer. Claims of this version may be objects, which its published type does not know. */
export type Enriched = Omit<PreTokenGenerationV2TriggerEvent, "response"> & {
  readonly response: {
    readonly claimsAndScopeOverrideDetails: {
      readonly accessTokenGeneration: { readonly claimsToAddOrOverride: AccessClaims & { readonly email?: string } };
    };
  };
};

type Attributes = Readonly<Record<string, string>>;

const Identities = z.array(z.object({ providerName: z.string(), primary: z.union([z.boolean(), z.string()]) }));

/**
 * Who came from an identity provider, and from which: Cognito alone writes these attributes. Null for who has a password.
 *
 * @throws Error when Cognito does not say from which
 */
const federated = (attributes: Attributes): Federated | null => {
  if (attributes["cognito:user_status"] !== "EXTERNAL_PROVIDER") return null;
  const identities = Identities.parse(JSON.parse(attributes["identities"] ?? "[]"));
  const primary = identities.find((one) => String(one.primary) === "true");
  if (primary === undefined) throw new Error("A user of an identity provider has no identity.");
  return { userId: attributes["sub"] ?? "", providerName: primary.providerName, email: attributes["email"] };
};

/**
 * Cognito's pre-token-generation trigger, version 2: adds organisation, roles, permissions and `email` to the access
 * token. Through the client for impersonation, staff get those of the user for whom they act, or no token. Else staff are
 * known by their groups, and only for others are the memberships looked up. Who signs in through a tenant's
 * own client, in whichever pool, acts for that tenant or for nobody: neither groups nor other memberships count there.
 * Who comes from an identity provider acts for the tenant whose provider it is, through that tenant's client, and never for
 * anything else; they join it when they first sign in.
 * Who is in several acts for the one in the request's `ClientMetadata.org_id`, else the one they switched to, else the
 * oldest. If a look-up fails the sign-in fails, rather than sign a token that says less than it should.
 */
export const preTokenGeneration =
  ({ profileOf, organizationOf, impersonationBy, issuerOf, join }: Profiles) =>
  async (event: PreTokenGenerationV2TriggerEvent, context: { readonly awsRequestId: string }): Promise<Enriched> => {
    const attributes: Attributes = event.request.userAttributes;
    const { sub = "", email } = attributes;
    const guest = federated(attributes);
    const groups = event.request.groupConfiguration.groupsToOverride ?? [];
    const issuer = await issuerOf(event.userPoolId, event.callerContext.clientId);

    const impersonated = async (): Promise<AccessClaims> => {
      const impersonation = staffRolesIn(groups).length === 0 ? null : await impersonationBy(sub);
      if (impersonation === null) throw new Error("You act for nobody now.");
      const { memberships } = await profileOf(impersonation.user_id);
      const membership = memberships.find(({ tenant_id }) => tenant_id === impersonation.tenant_id);
      const organization = await organizationOf(impersonation.tenant_id);
      if (membership === undefined || statusOf(membership) !== "active" || organization === null)
        throw new Error("Nobody can act for this user now.");
      return impersonationClaims(impersonation, membership, organization);
    };

    /** Only a sign-in at the provider makes a member: who was removed does not come back by a refresh. */
    const joined = async (user: Federated): Promise<readonly Membership[]> => {
      if (!isWelcome(issuer, user)) return [];
      const own = (await profileOf(sub)).memberships.filter(({ tenant_id }) => tenant_id === issuer.tenant_id);
      if (own.length > 0 || event.triggerSource !== "TokenGeneration_HostedAuth") return own;
      const member = await join(issuer, user, context.awsRequestId);
      return member === null ? [] : [member];
    };

    const claimsOf = async (): Promise<AccessClaims> => {
      if (issuer?.tenant_id === impersonationIssuer) return impersonated();
      if (guest !== null) return claimsBy(chooseMembership(await joined(guest), []));
      const staff = issuer === null ? staffRolesIn(groups) : [];
      if (staff.length > 0) return staffClaims(staff);
      const { memberships, chosen } = await profileOf(sub);
      const counted = memberships.filter(({ tenant_id }) => issuer === null || tenant_id === issuer.tenant_id);
      return claimsBy(chooseMembership(counted, [event.request.clientMetadata?.["org_id"], chosen]));
    };

    const claimsBy = async (membership: Membership | undefined): Promise<AccessClaims> => {
      const organization = membership === undefined ? null : await organizationOf(membership.tenant_id);
      return membership === undefined || organization === null ? nobody : memberClaims(membership, organization);
    };

    const claims = await claimsOf();
    // An address that a tenant's provider asserts without proof is not passed on as the user's.
    const shown = guest === null || attributes["email_verified"] === "true" ? email : undefined;
    const added = { ...claims, ...(shown === undefined ? {} : { email: shown }) };
    return {
      ...event,
      response: { claimsAndScopeOverrideDetails: { accessTokenGeneration: { claimsToAddOrOverride: added } } },
    };
  };
