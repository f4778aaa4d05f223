import { claimsOf } from "@tenantry/core/access/claims";
import type { Issuer } from "@tenantry/core/access/issuer";
import type { Membership } from "@tenantry/core/access/membership";
import { platformRoles } from "@tenantry/core/access/policy";
import type { PreTokenGenerationV2TriggerEvent } from "aws-lambda";

/**
 * Cognito's pre-token-generation trigger, version 2: adds `org_id`, `roles`, `permissions` and `email` to the access
 * token. Staff are known by their groups; only for others are the memberships looked up. Who signs in through a tenant's
 * own client, in whichever pool, acts for that tenant or for nobody: neither groups nor other memberships count there.
 * If a look-up fails the sign-in fails, rather than sign a token that says less than it should.
 */
export const preTokenGeneration =
  (
    membershipsOf: (userId: string) => Promise<readonly Membership[]>,
    issuerOf: (userPoolId: string, clientId: string) => Promise<Pick<Issuer, "tenant_id"> | null>,
  ) =>
  async (event: PreTokenGenerationV2TriggerEvent): Promise<PreTokenGenerationV2TriggerEvent> => {
    const { sub = "", email } = event.request.userAttributes;
    const issuer = await issuerOf(event.userPoolId, event.callerContext.clientId);
    const groups = issuer === null ? (event.request.groupConfiguration.groupsToOverride ?? []) : [];
    const staff = platformRoles.some((role) => groups.includes(role));
    const memberships = staff ? [] : await membershipsOf(sub);
    const counted = memberships.filter(({ tenant_id }) => issuer === null || tenant_id === issuer.tenant_id);
    const claims = claimsOf({ groups, memberships: counted });
    event.response = {
      claimsAndScopeOverrideDetails: {
        accessTokenGeneration: {
          claimsToAddOrOverride: { ...claims, ...(email === undefined ? {} : { email }) },
        },
      },
    };
    return event;
  };
