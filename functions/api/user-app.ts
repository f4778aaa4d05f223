import { setting } from "@tenantry/aws/config";
import { dynamoCustomRoles } from "@tenantry/aws/custom-roles";
import { documents } from "@tenantry/aws/dynamo";
import { cognitoDirectory } from "@tenantry/aws/identity";
import { dynamoMakings } from "@tenantry/aws/makings";
import { dynamoMembers } from "@tenantry/aws/members";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import type { Context } from "@tenantry/core/context";
import { changeUser, removeUser } from "@tenantry/core/user/change";
import { acceptInvitation, listInvitations } from "@tenantry/core/user/invitations";
import { inviteUser } from "@tenantry/core/user/invite";
import { getUser, listTenantUsers, listUsers } from "@tenantry/core/user/look";
import { deleteRole, listRoles, putRole, type RoleView } from "@tenantry/core/user/roles";
import { paged } from "./app.ts";

const database = documents();
const table = setting("CONTROL_TABLE");

const ports = {
  registry: dynamoRegistry(database, table),
  makings: dynamoMakings(database, table),
  members: dynamoMembers(database, table),
  roles: dynamoCustomRoles(database, table),
  get directory() {
    return cognitoDirectory(setting("USER_POOL_ID"));
  },
  clock: () => new Date(),
  newId,
};

/** The composition root of the users' part of the API. */
export const users = {
  invite: inviteUser(ports),
  get: getUser(ports),
  change: changeUser(ports),
  remove: removeUser(ports),
  invitations: listInvitations(ports),
  accept: acceptInvitation(ports),
};

export const roles = { list: listRoles(ports), put: putRole(ports), delete: deleteRole(ports) };

/** A page of a tenant's users; of the caller's own where none is named. */
export const usersPage = async (
  ctx: Context,
  query: { readonly limit: number; readonly cursor?: string | undefined },
  tenantId?: string,
) => {
  const { items, next_cursor } = await paged(
    { list: "users", filter: { tenantId: tenantId ?? ctx.actor.orgId } },
    query,
    (page) => (tenantId === undefined ? listUsers(ports)(ctx, page) : listTenantUsers(ports)(ctx, { tenantId }, page)),
  );
  return { items: items.map(show), next_cursor };
};

/** As the contract has it, whose lists are not read-only. */
export const show = <T extends { readonly roles: readonly string[] }>(of: T) => ({ ...of, roles: [...of.roles] });

export const showRole = (role: RoleView) => ({ ...role, permissions: [...role.permissions] });
