import type { Makings } from "../idempotency.ts";
import type { Operation } from "../operation/operation.ts";
import type { Commit, Membership, Page, PageRequest, Registry, Reservation } from "../ports.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { Claim, Counter } from "../tenant/quota.ts";

/** What the in-memory adapters hold, for a test to look at. */
export type Memory = {
  readonly tenants: Map<string, Tenant>;
  readonly slugs: Map<string, Reservation>;
  readonly operations: Map<string, Operation>;
  /** Deadlines of attempts in flight, by `operation/step/flight`. */
  readonly flights: Map<string, string>;
  readonly memberships: Membership[];
  readonly commits: Commit[];
  readonly quotas: Map<Counter, number>;
};

export const memory = (): Memory => ({
  tenants: new Map(),
  slugs: new Map(),
  operations: new Map(),
  flights: new Map(),
  memberships: [],
  commits: [],
  quotas: new Map(),
});

/** @returns whether there was room for all of it; otherwise nothing is taken. */
export const take = (quotas: Memory["quotas"], claim: Claim): boolean => {
  if (claim.some(({ counter, amount, most }) => (quotas.get(counter) ?? 0) + amount > most)) return false;
  for (const { counter, amount } of claim) quotas.set(counter, (quotas.get(counter) ?? 0) + amount);
  return true;
};
export const giveBack = (quotas: Memory["quotas"], claim: Claim): void => {
  for (const { counter, amount } of claim) quotas.set(counter, (quotas.get(counter) ?? 0) - amount);
};

/** The registry in memory; it passes the same suite as the DynamoDB one. */
export const memoryRegistry = (state: Memory): Registry => ({
  async register(tenant, operation, commit, claim = [], request) {
    if (state.slugs.has(tenant.slug)) return "slug-taken";
    if (!take(state.quotas, claim)) return "quota-used-up";
    state.slugs.set(tenant.slug, {
      tenant_id: tenant.id,
      operation_id: operation.id,
      ...(request === undefined ? {} : { request }),
    });
    state.tenants.set(tenant.id, tenant);
    state.operations.set(operation.id, operation);
    state.commits.push(commit);
    return "registered";
  },
  findSlug: async (slug) => state.slugs.get(slug) ?? null,
  async withdraw(tenant, operationId, commit, claim = []) {
    if (state.operations.get(operationId)?.status !== "pending") return "begun";
    giveBack(state.quotas, claim);
    state.slugs.delete(tenant.slug);
    state.tenants.delete(tenant.id);
    state.operations.delete(operationId);
    state.commits.push(commit);
    return "withdrawn";
  },
  getTenant: async (id) => state.tenants.get(id) ?? null,
  listTenants: async (filter, page) =>
    pageOf(
      [...state.tenants.values()].filter(
        (tenant) =>
          (filter.status === undefined || tenant.status === filter.status) &&
          (filter.tier === undefined || tenant.tier === filter.tier),
      ),
      page,
    ),
  async moveTenant(id, from, to, at, commit) {
    const tenant = state.tenants.get(id);
    if (tenant === undefined || !from.includes(tenant.status)) return null;
    const moved = { ...tenant, status: to, updated_at: at };
    state.tenants.set(id, moved);
    state.commits.push(commit);
    return moved;
  },
  async addMembership(membership) {
    const known = state.memberships.some(
      (other) => other.user_id === membership.user_id && other.tenant_id === membership.tenant_id,
    );
    if (!known) state.memberships.push(membership);
  },
  quotaUse: async () => Object.fromEntries(state.quotas),
  async removeMembership(userId, tenantId) {
    const at = state.memberships.findIndex((one) => one.user_id === userId && one.tenant_id === tenantId);
    if (at >= 0) state.memberships.splice(at, 1);
  },
  membersOf: async (tenantId) =>
    state.memberships.filter((one) => one.tenant_id === tenantId).map((one) => one.user_id),
  async note(tenantId, status, commit) {
    if (state.tenants.get(tenantId)?.status !== status) return false;
    state.commits.push(commit);
    return true;
  },
  membershipsOf: async (userId) => state.memberships.filter((membership) => membership.user_id === userId),
});

/** What requests made, by what was committed with it. */
export const memoryMakings = (state: Memory): Makings => ({
  async find({ caller, operation, key }) {
    const made = state.commits.map(({ making }) => making);
    const same = made.find(
      (one) => one?.request.caller === caller && one.request.operation === operation && one.request.key === key,
    );
    return same?.id ?? null;
  },
});

export const pageOf = <T extends { readonly id: string }>(
  all: readonly T[],
  { limit, after }: PageRequest,
): Page<T> => {
  const rest = all.toSorted((a, b) => (a.id < b.id ? 1 : -1)).filter((item) => after === null || item.id < after);
  const items = rest.slice(0, limit);
  return { items, next: rest.length > limit ? (items.at(-1)?.id ?? null) : null };
};
