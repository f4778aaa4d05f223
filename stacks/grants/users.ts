import { allow, allowKeys } from "../functions";
import { inviteUsers, pool } from "../identity";
import { cursorSecret } from "../secrets";
import { controlTable, indexesOf } from "../tables";

const table = controlTable.arn;
const registry = { CONTROL_TABLE: controlTable.name };
const audited = allowKeys(["dynamodb:PutItem"], ["AUDIT#"], table);
const read = allowKeys(["dynamodb:GetItem"], ["USER#"], table);
const readRoles = allowKeys(["dynamodb:Query"], ["ROLE#"], table);
const readMembers = allowKeys(["dynamodb:Query"], ["MEMBERS#"], indexesOf(controlTable));

const list = {
  environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
  permissions: [readMembers, allow(["secretsmanager:GetSecretValue"], cursorSecret.arn)],
};
const granted = (...permissions: ReturnType<typeof allow>[]) => ({ environment: registry, permissions });

/** What the operations on tenants' users and roles may touch. */
export const userGrants = {
  listUsers: list,
  listTenantUsers: {
    ...list,
    permissions: [...list.permissions, allowKeys(["dynamodb:GetItem"], ["TENANT#"], table)],
  },
  inviteUser: {
    environment: { ...registry, USER_POOL_ID: pool.id },
    permissions: [
      allowKeys(["dynamodb:GetItem"], ["TENANT#", "USER#"], table),
      allowKeys(["dynamodb:PutItem"], ["AUDIT#", "USER#"], table),
      readRoles,
      ...inviteUsers,
    ],
  },
  getUser: granted(read),
  // Another owner vouches for a tenant that loses one.
  changeUser: granted(
    read,
    readRoles,
    readMembers,
    allowKeys(["dynamodb:ConditionCheckItem", "dynamodb:UpdateItem"], ["USER#"], table),
    audited,
  ),
  removeUser: granted(
    read,
    readRoles,
    readMembers,
    allowKeys(["dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"], ["USER#"], table),
    audited,
  ),
  listInvitations: granted(allowKeys(["dynamodb:Query"], ["USER#"], table)),
  acceptInvitation: granted(read, allowKeys(["dynamodb:UpdateItem"], ["USER#"], table), audited),
  listRoles: granted(readRoles),
  putRole: granted(
    readRoles,
    allowKeys(["dynamodb:PutItem"], ["AUDIT#", "ROLE#"], table),
    allowKeys(["dynamodb:UpdateItem"], ["TENANT#"], table),
  ),
  deleteRole: granted(
    readRoles,
    allowKeys(["dynamodb:DeleteItem"], ["ROLE#"], table),
    allowKeys(["dynamodb:UpdateItem"], ["TENANT#"], table),
    audited,
  ),
};
