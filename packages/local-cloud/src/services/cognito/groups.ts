import { AwsError } from "../../gateway/service.ts";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalNumber, optionalText, page, text } from "../input.ts";
import { attributeList } from "./attributes.ts";
import type { Group } from "./model.ts";
import { type Cognito, needGroup, needPool } from "./state.ts";
import { describeUser, needUser, updateUser, usersOf } from "./users.ts";

export const putGroup = (cognito: Cognito, group: Group): void =>
  cognito.groups.put(`${group.poolId}/${group.name}`, group);

export const addToGroup = (cognito: Cognito, poolId: string, username: string, name: string): void => {
  const pool = needPool(cognito, poolId);
  needGroup(cognito, poolId, name);
  const user = needUser(cognito, pool, username);
  if (user.groups.includes(name)) return;
  updateUser(cognito, pool, user.username, ({ groups }) => ({ groups: [...groups, name] }));
};

const removeFromGroup = (cognito: Cognito, poolId: string, username: string, name: string): void => {
  const pool = needPool(cognito, poolId);
  needGroup(cognito, poolId, name);
  const user = needUser(cognito, pool, username);
  updateUser(cognito, pool, user.username, ({ groups }) => ({ groups: groups.filter((group) => group !== name) }));
};

const describe = (group: Group): Record<string, unknown> => ({
  GroupName: group.name,
  UserPoolId: group.poolId,
  Description: group.description,
  RoleArn: group.roleArn,
  Precedence: group.precedence,
  CreationDate: group.createdAt,
  LastModifiedDate: group.changedAt,
});

const limitOf = (input: Input): number => optionalNumber(input, "Limit") ?? 60;

const createGroup = (cognito: Cognito, input: Input): unknown => {
  const poolId = needPool(cognito, text(input, "UserPoolId")).id;
  const name = text(input, "GroupName");
  if (cognito.groups.get(`${poolId}/${name}`))
    throw new AwsError("GroupExistsException", "A group with the name already exists.");
  const description = optionalText(input, "Description");
  const roleArn = optionalText(input, "RoleArn");
  const precedence = optionalNumber(input, "Precedence");
  const group: Group = {
    name,
    poolId,
    ...(description === undefined ? {} : { description }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(precedence === undefined ? {} : { precedence }),
    createdAt: cognito.now(),
    changedAt: cognito.now(),
  };
  putGroup(cognito, group);
  return { Group: describe(group) };
};

/** The actions on groups and who is in them. */
export const groupActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => ({
  CreateGroup: (input: Input) => createGroup(cognito, input),
  GetGroup: (input: Input) => ({
    Group: describe(needGroup(cognito, needPool(cognito, text(input, "UserPoolId")).id, text(input, "GroupName"))),
  }),
  DeleteGroup(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const { name } = needGroup(cognito, pool.id, text(input, "GroupName"));
    for (const user of usersOf(cognito, pool))
      if (user.groups.includes(name)) removeFromGroup(cognito, pool.id, user.username, name);
    cognito.groups.delete(`${pool.id}/${name}`);
  },
  ListGroups(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const groups = cognito.groups.list(`${pool.id}/`).map(({ value }) => value);
    const { items, next } = page(groups, ({ name }) => name, limitOf(input), optionalText(input, "NextToken"));
    return { Groups: items.map(describe), NextToken: next };
  },
  AdminAddUserToGroup(input: Input) {
    addToGroup(cognito, text(input, "UserPoolId"), text(input, "Username"), text(input, "GroupName"));
  },
  AdminRemoveUserFromGroup(input: Input) {
    removeFromGroup(cognito, text(input, "UserPoolId"), text(input, "Username"), text(input, "GroupName"));
  },
  AdminListGroupsForUser(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const user = needUser(cognito, pool, text(input, "Username"));
    const groups = user.groups.toSorted().map((name) => needGroup(cognito, pool.id, name));
    const { items, next } = page(groups, ({ name }) => name, limitOf(input), optionalText(input, "NextToken"));
    return { Groups: items.map(describe), NextToken: next };
  },
  ListUsersInGroup(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const { name } = needGroup(cognito, pool.id, text(input, "GroupName"));
    const users = usersOf(cognito, pool).filter(({ groups }) => groups.includes(name));
    const { items, next } = page(
      users,
      ({ username }) => username.toLowerCase(),
      limitOf(input),
      optionalText(input, "NextToken"),
    );
    return { Users: items.map((user) => describeUser(user, attributeList(user))), NextToken: next };
  },
});
