import { z } from "zod";
import { define, none } from "./define.ts";
import { pageOf, pageQuery, pathId, tenantIdExample } from "./schemas/common.ts";
import {
  ChangeUserBody,
  Invitation,
  InviteUserBody,
  PutRoleBody,
  Role,
  roleName,
  User,
  userIdExample,
} from "./schemas/user.ts";

const json = "application/json";
const userParams = z.strictObject({ user_id: pathId("The user's id.", userIdExample) });
const users = { tag: "Users", query: none } as const;
const answer = <const T extends z.ZodType>(description: string, body: T) =>
  ({ status: 200, description, contentType: json, body }) as const;
const page = { ...users, query: z.strictObject(pageQuery), body: null };
const joined = z.strictObject({ org_id: z.string(), roles: z.array(z.string()) });

/** The operations on tenants' users and their roles. */
export const userOperations = {
  listUsers: define("listUsers", {
    ...page,
    summary: "List users",
    description: "The members of your tenant and those who were invited, page by page.",
    params: none,
    success: answer("A page of users.", pageOf(User)),
    problems: ["invalid-cursor"],
  }),
  listTenantUsers: define("listTenantUsers", {
    ...page,
    summary: "List a tenant's users",
    description: "The members of any tenant and those who were invited, page by page.",
    params: z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) }),
    success: answer("A page of users.", pageOf(User)),
    problems: ["tenant-not-found", "invalid-cursor"],
  }),
  inviteUser: define("inviteUser", {
    ...users,
    summary: "Invite a user",
    description:
      "Whom the tenant's user pool does not know gets a mail with a temporary password. Everybody accepts after signing in, within a week. An invitation may be sent again, with other roles.",
    params: none,
    body: InviteUserBody,
    success: { ...answer("The user is invited.", User), status: 201 },
    problems: ["email-refused", "role-beyond-own", "user-exists", "state-conflict"],
  }),
  getUser: define("getUser", {
    ...users,
    summary: "Get a user",
    description: "A user of your tenant.",
    params: userParams,
    body: null,
    success: answer("The user.", User),
    problems: ["user-not-found"],
  }),
  changeUser: define("changeUser", {
    ...users,
    summary: "Change a user",
    description:
      "Gives a user of your tenant other roles, disables or enables them. Their tokens of before are refused within half a minute.",
    params: userParams,
    body: ChangeUserBody,
    success: answer("The user as they are now.", User),
    problems: ["user-not-found", "role-beyond-own", "last-owner", "state-conflict"],
  }),
  removeUser: define("removeUser", {
    ...users,
    summary: "Remove a user",
    description: "Takes a user out of your tenant, or an invitation back.",
    params: userParams,
    body: null,
    success: answer("The user as they were.", User),
    problems: ["user-not-found", "role-beyond-own", "last-owner", "state-conflict"],
  }),
  listInvitations: define("listInvitations", {
    ...users,
    summary: "List your invitations",
    description: "The tenants that invited you.",
    params: none,
    body: null,
    success: answer("Your invitations.", z.strictObject({ items: z.array(Invitation) })),
    problems: [],
  }),
  acceptInvitation: define("acceptInvitation", {
    ...users,
    summary: "Accept an invitation",
    description: "Makes you a member of a tenant that invited you. Refresh your token to act for it.",
    params: z.strictObject({ org_id: pathId("The tenant that invited you.", tenantIdExample) }),
    body: null,
    success: answer("You are a member.", joined),
    problems: ["invitation-not-found", "invitation-expired"],
  }),
  listRoles: define("listRoles", {
    ...users,
    summary: "List roles",
    description: "The roles that users of your tenant can have: the built-in ones and the tenant's own.",
    params: none,
    body: null,
    success: answer("The roles.", z.strictObject({ items: z.array(Role) })),
    problems: [],
  }),
  putRole: define("putRole", {
    ...users,
    summary: "Make or change a role",
    description:
      "A role of your tenant's own. A change reaches everybody who has it: all tokens of the tenant's users are refused within half a minute, and refreshed ones are as the roles are now.",
    params: z.strictObject({ role_name: roleName }),
    body: PutRoleBody,
    success: answer("The role.", Role),
    problems: ["role-beyond-own", "quota-used-up"],
  }),
  deleteRole: define("deleteRole", {
    ...users,
    summary: "Delete a role",
    description: "Whoever has it keeps their other roles.",
    params: z.strictObject({ role_name: pathId("The role's name.", "bookkeeper") }),
    body: null,
    success: answer("The role as it was.", Role),
    problems: ["role-not-found", "role-beyond-own"],
  }),
} as const;
