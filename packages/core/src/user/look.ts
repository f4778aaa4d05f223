import { authorise, ownTenant } from "../access/authorise.ts";
import type { Membership } from "../access/membership.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import type { Page, PageRequest } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { UserPorts } from "./ports.ts";
import { type User, userOf } from "./user.ts";

const listed = async (ports: Pick<UserPorts, "members">, tenantId: string, page: PageRequest): Promise<Page<User>> => {
  const { items, next } = await ports.members.list(tenantId, page);
  return { items: items.map(userOf), next };
};

/** The users of the caller's tenant. */
export const listUsers =
  (ports: Pick<UserPorts, "members">) =>
  async (ctx: Context, page: PageRequest): Promise<Page<User>> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "users:read", tenantId);
    return listed(ports, tenantId, page);
  };

/** The users of any tenant. @throws Problem `tenant-not-found` */
export const listTenantUsers =
  (ports: Pick<UserPorts, "members" | "registry">) =>
  async (ctx: Context, { tenantId }: { tenantId: string }, page: PageRequest): Promise<Page<User>> => {
    authorise(ctx, "users:read", tenantId);
    const tenant = TenantId.safeParse(tenantId).success ? await ports.registry.getTenant(tenantId) : null;
    if (tenant === null) throw new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
    return listed(ports, tenantId, page);
  };

/** @throws Problem `user-not-found`, also for another tenant's user. */
export const loadMember = async (
  ports: { readonly members: Pick<UserPorts["members"], "get"> },
  tenantId: string,
  userId: string,
): Promise<Membership> => {
  const membership = await ports.members.get(tenantId, userId);
  if (membership === null) throw new Problem("user-not-found", `There is no user ${userId}.`);
  return membership;
};

/** @throws Problem `user-not-found` */
export const getUser =
  (ports: Pick<UserPorts, "members">) =>
  async (ctx: Context, { userId }: { userId: string }): Promise<User> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "users:read", tenantId);
    return userOf(await loadMember(ports, tenantId, userId));
  };
