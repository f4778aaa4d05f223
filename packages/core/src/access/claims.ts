import type { Membership } from "../ports.ts";
import { type Permission, permissions, permissionsOf, platformOrg, platformRoles } from "./policy.ts";

/** What the pre-token-generation trigger adds to an access token. Lists are space-separated, as claims are strings. */
export type AccessClaims = {
  readonly org_id?: string;
  readonly roles: string;
  readonly permissions: string;
};

/**
 * A user's organisation, roles and permissions. Platform groups go first: staff act for the platform even where they are
 * members of a tenant too. Otherwise the oldest membership counts. Who has neither gets no organisation and no permissions.
 */
export const claimsOf = (user: {
  readonly groups: readonly string[];
  readonly memberships: readonly Membership[];
}): AccessClaims => {
  const staff = platformRoles.filter((role) => user.groups.includes(role));
  if (staff.length > 0) return claims(platformOrg, staff);
  const [oldest] = user.memberships.toSorted((a, b) => a.created_at.localeCompare(b.created_at));
  if (oldest === undefined) return { roles: "", permissions: "" };
  // A membership cannot make anybody staff, whatever was written into it.
  return claims(
    oldest.tenant_id,
    oldest.roles.filter((role) => !role.startsWith("platform-")),
  );
};

const claims = (org: string, roles: readonly string[]): AccessClaims => ({
  org_id: org,
  roles: roles.join(" "),
  permissions: permissionsOf(roles).join(" "),
});

/** The known permissions in a `permissions` claim; anything else in it grants nothing. */
export const permissionsIn = (claim: string): ReadonlySet<Permission> => {
  const words = new Set(claim.split(" "));
  return new Set(permissions.filter((permission) => words.has(permission)));
};
