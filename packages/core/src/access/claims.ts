import { epochOf } from "./admission.ts";
import { type Membership, statusOf } from "./membership.ts";
import { permissionClaim } from "./permission-claim.ts";
import { type CustomRole, permissionsOf, platformOrg, platformRoles } from "./policy.ts";

/** What the pre-token-generation trigger adds to an access token. Lists are space-separated, as claims are strings. */
export type AccessClaims = {
  readonly org_id?: string;
  readonly org_tier?: string;
  readonly roles: string;
  readonly permissions: string;
  /** Which state of the user's roles the token speaks of: one of a past state is refused. */
  readonly perm_epoch?: string;
};

/** An organisation as far as tokens speak of it. */
export type Organization = {
  readonly tier: string;
  readonly epoch: number;
  readonly roles: readonly CustomRole[];
};

/** A user without an organisation, who may look at their sessions and invitations and do nothing else. */
export const nobody: AccessClaims = { roles: "", permissions: "" };

/** The platform roles among these groups. Staff act for the platform even where they are members of a tenant too. */
export const staffRolesIn = (groups: readonly string[]): readonly string[] =>
  platformRoles.filter((role) => groups.includes(role));

export const staffClaims = (roles: readonly string[]): AccessClaims => ({
  org_id: platformOrg,
  roles: roles.join(" "),
  permissions: permissionClaim(permissionsOf(roles)),
});

/** The membership that a user acts by: the first of `wanted` that they are an active member of, else the oldest. */
export const chooseMembership = (
  memberships: readonly Membership[],
  wanted: readonly (string | undefined)[],
): Membership | undefined => {
  const active = memberships
    .filter((one) => statusOf(one) === "active")
    .toSorted((a, b) => a.created_at.localeCompare(b.created_at));
  return (
    wanted.map((id) => active.find(({ tenant_id }) => tenant_id === id)).find((one) => one !== undefined) ?? active[0]
  );
};

export const memberClaims = (membership: Membership, organization: Organization): AccessClaims => {
  // A membership cannot make anybody staff, whatever was written into it.
  const held = membership.roles.filter((role) => !role.startsWith("platform-"));
  return {
    org_id: membership.tenant_id,
    org_tier: organization.tier,
    roles: held.join(" "),
    permissions: permissionClaim(permissionsOf(held, organization.roles)),
    perm_epoch: epochOf(organization.epoch, membership.epoch),
  };
};
