import { epochOf } from "./admission.ts";
import { type Membership, statusOf } from "./membership.ts";
import { permissionClaim } from "./permission-claim.ts";
import { impersonable } from "./impersonation.ts";
import { type CustomRole, permissionsOf, platformOrg, platformRoles } from "./policy.ts";

/** What the pre-token-generation trigger adds to an access token. Lists are space-separated, as claims are strings. */
export type AccessClaims = {
  readonly org_id?: string;
  readonly org_tier?: string;
  readonly roles: string;
  readonly permissions: string;
  /** Which state of the user's roles the token speaks of: one of a past state is refused. */
  readonly perm_epoch?: string;
  /** Of a token by which staff act for a user. `impersonator` is their address, for a banner. */
  readonly impersonation?: string;
  /** Who acts, as RFC 8693 has it (section 4.1). */
  readonly act?: { readonly sub: string };
  readonly impersonator?: string;
  readonly on_behalf_of?: string;
  readonly impersonation_reason?: string;
  readonly impersonation_ends_at?: string;
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

// A membership cannot make anybody staff, whatever was written into it.
const heldIn = ({ roles }: Membership): readonly string[] => roles.filter((role) => !role.startsWith("platform-"));

export const memberClaims = (membership: Membership, organization: Organization): AccessClaims => {
  const held = heldIn(membership);
  return {
    org_id: membership.tenant_id,
    org_tier: organization.tier,
    roles: held.join(" "),
    permissions: permissionClaim(permissionsOf(held, organization.roles)),
    perm_epoch: epochOf(organization.epoch, membership.epoch),
  };
};

/** What a member of staff who impersonates a user is permitted: what both the user and support may do. */
export const impersonationClaims = (
  impersonation: {
    readonly id: string;
    readonly user_id: string;
    readonly reason: string;
    readonly ends_at: string;
    readonly impersonator: { readonly id: string; readonly email: string | null };
  },
  membership: Membership,
  organization: Organization,
): AccessClaims => ({
  ...memberClaims(membership, organization),
  permissions: permissionClaim(
    permissionsOf(heldIn(membership), organization.roles).filter((one) => impersonable.includes(one)),
  ),
  impersonation: impersonation.id,
  act: { sub: impersonation.impersonator.id },
  impersonator: impersonation.impersonator.email ?? impersonation.impersonator.id,
  on_behalf_of: impersonation.user_id,
  impersonation_reason: impersonation.reason,
  impersonation_ends_at: impersonation.ends_at,
});
