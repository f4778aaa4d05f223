import type { CustomRole } from "../access/policy.ts";
import type { Membership } from "../access/membership.ts";
import type { MembershipStatus } from "../access/membership-status.ts";
import type { Clock, Commit, NewId, Page, PageRequest, Registry } from "../ports.ts";
import type { TenantResources } from "../tenant/tenant.ts";

export type MemberChange = { readonly roles: readonly string[]; readonly status: MembershipStatus };

/** The members of tenants. Every write is conditional on what was read, and carries its audit entry. */
export interface Members {
  get(tenantId: string, userId: string): Promise<Membership | null>;
  /** By user id. One of the last second may be missing, or as it was before. */
  list(tenantId: string, page: PageRequest): Promise<Page<Membership>>;
  /** The owners who are active, as a list that is a moment old. */
  ownersOf(tenantId: string): Promise<readonly Membership[]>;
  /** Those that a user was invited to. */
  invitationsOf(userId: string): Promise<readonly Membership[]>;
  /** Stores an invitation where there is none, or `before` still is. Returns false and writes nothing otherwise. */
  invite(invitation: Membership, before: Membership | null, commit: Commit): Promise<boolean>;
  /**
   * Changes a membership and its epoch, or takes it away (`null`). Returns false and writes nothing if it is no longer
   * `before`, or if `witness`, another owner, no longer is an active one.
   */
  change(
    before: Membership,
    to: (MemberChange & { readonly epoch: number }) | null,
    witness: Membership | null,
    commit: Commit,
  ): Promise<boolean>;
}

/** Tenants' own roles. A change of one makes a new epoch of the tenant, so that tokens of before are refused. */
export interface CustomRoles {
  of(tenantId: string): Promise<readonly CustomRole[]>;
  put(tenantId: string, role: CustomRole, at: string, commit: Commit): Promise<void>;
  /** Returns false and writes nothing if there is none. */
  remove(tenantId: string, name: string, commit: Commit): Promise<boolean>;
}

/** The user pools. */
export interface Directory {
  /** The user with this address in the tenant's pool; invited by mail if there is none yet. */
  ensure(tenantId: string, identity: NonNullable<TenantResources["identity"]>, email: string): Promise<string>;
}

export type UserPorts = {
  readonly registry: Pick<Registry, "getTenant">;
  readonly members: Members;
  readonly roles: CustomRoles;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly newId: NewId;
};
