import { claimsOf } from "@tenantry/core/access/claims";
import type { Membership } from "@tenantry/core/access/membership";
import { platformRoles } from "@tenantry/core/access/policy";
import type { PreTokenGenerationV2TriggerEvent } from "aws-lambda";

/**
 * Cognito's pre-token-generation trigger, version 2: adds `org_id`, `roles`, `permissions` and `email` to the access
 * token. Staff are known by their groups; only for others are the memberships looked up. If that fails the sign-in
 * fails, rather than sign a token that says less than it should.
 */
export const preTokenGeneration =
  (membershipsOf: (userId: string) => Promise<readonly Membership[]>) =>
  async (event: PreTokenGenerationV2TriggerEvent): Promise<PreTokenGenerationV2TriggerEvent> => {
    const { sub = "", email } = event.request.userAttributes;
    const groups = event.request.groupConfiguration.groupsToOverride ?? [];
    const staff = platformRoles.some((role) => groups.includes(role));
    const claims = claimsOf({ groups, memberships: staff ? [] : await membershipsOf(sub) });
    event.response = {
      claimsAndScopeOverrideDetails: {
        accessTokenGeneration: {
          claimsToAddOrOverride: { ...claims, ...(email === undefined ? {} : { email }) },
        },
      },
    };
    return event;
  };
