import {
  type AccessClaims,
  chooseMembership,
  memberClaims,
  nobody,
  type Organization,
  staffClaims,
  staffRolesIn,
} from "@tenantry/core/access/claims";
import type { Issuer } from "@tenantry/core/access/issuer";
import type { Membership } from "@tenantry/core/access/membership";
import type { PreTokenGenerationV2TriggerEvent } from "aws-lambda";

/** What the trigger looks up. */
export type Profiles = {
  readonly profileOf: (
    userId: string,
  ) => Promise<{ readonly memberships: readonly Membership[]; readonly chosen: string | undefined }>;
  /** Null where there is no such tenant. */
  readonly organizationOf: (tenantId: string) => Promise<Organization | null>;
  readonly issuerOf: (userPoolId: string, clientId: string) => Promise<Pick<Issuer, "tenant_id"> | null>;
};

/**
 * Cognito's pre-token-generation trigger, version 2: adds organisation, roles, permissions and `email` to the access
 * token. Staff are known by their groups; only for others are the memberships looked up. Who signs in through a tenant's
 * own client, in whichever pool, acts for that tenant or for nobody: neither groups nor other memberships count there.
 * Who is in several acts for the one in the request's `ClientMetadata.org_id`, else the one they switched to, else the
 * oldest. If a look-up fails the sign-in fails, rather than sign a token that says less than it should.
 */
export const preTokenGeneration =
  ({ profileOf, organizationOf, issuerOf }: Profiles) =>
  async (event: PreTokenGenerationV2TriggerEvent): Promise<PreTokenGenerationV2TriggerEvent> => {
    const { sub = "", email } = event.request.userAttributes;
    const issuer = await issuerOf(event.userPoolId, event.callerContext.clientId);

    const claimsOf = async (): Promise<AccessClaims> => {
      const staff = issuer === null ? staffRolesIn(event.request.groupConfiguration.groupsToOverride ?? []) : [];
      if (staff.length > 0) return staffClaims(staff);
      const { memberships, chosen } = await profileOf(sub);
      const counted = memberships.filter(({ tenant_id }) => issuer === null || tenant_id === issuer.tenant_id);
      const membership = chooseMembership(counted, [event.request.clientMetadata?.["org_id"], chosen]);
      const organization = membership === undefined ? null : await organizationOf(membership.tenant_id);
      return membership === undefined || organization === null ? nobody : memberClaims(membership, organization);
    };

    const claims = await claimsOf();
    event.response = {
      claimsAndScopeOverrideDetails: {
        accessTokenGeneration: {
          claimsToAddOrOverride: { ...claims, ...(email === undefined ? {} : { email }) },
        },
      },
    };
    return event;
  };
