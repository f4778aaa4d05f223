import { AwsError } from "../../gateway/service.ts";
import type { Identity, Pool, User } from "./model.ts";
import { removeSessions } from "./sessions.ts";
import type { Cognito } from "./state.ts";

/** Names are compared without case, unless the pool says otherwise; addresses always are. */
const fold = (pool: Pool, name: string): string =>
  pool.settings.UsernameConfiguration?.CaseSensitive === true && !name.includes("@") ? name : name.toLowerCase();

const keyOf = (pool: Pool, name: string): string => `${pool.id}/${fold(pool, name)}`;

export const findUser = (cognito: Cognito, pool: Pool, name: string): User | undefined => {
  const username = cognito.aliases.get(keyOf(pool, name)) ?? name;
  return cognito.users.get(keyOf(pool, username));
};

export const userNotFound = (): AwsError => new AwsError("UserNotFoundException", "User does not exist.");

/** By username, or by what else the pool lets one sign in with. */
export const needUser = (cognito: Cognito, pool: Pool, name: string): User => {
  const user = findUser(cognito, pool, name);
  if (!user) throw userNotFound();
  return user;
};

/** Whether the pool's users are known by their e-mail or phone; their username is then their `sub`. */
export const namedByAttribute = (pool: Pool): boolean => (pool.settings.UsernameAttributes ?? []).length > 0;

/** Everything besides the username that finds this user. */
const aliasesOf = (pool: Pool, { attributes, identity }: User): string[] => {
  // What a provider says of its users is no name to be known by: the address may be another user's.
  if (identity !== undefined) return [keyOf(pool, attributes["sub"] ?? "")];
  const { UsernameAttributes: names = [], AliasAttributes: aliases = [] } = pool.settings;
  const proven = aliases.filter((name) => name === "preferred_username" || attributes[`${name}_verified`] === "true");
  return ["sub", ...names, ...proven].flatMap((name) => attributes[name] ?? []).map((value) => keyOf(pool, value));
};

/** The attribute of `user` under which somebody else is already known. */
const takenName = (cognito: Cognito, pool: Pool, user: User): string | undefined =>
  ["email", "phone_number", "preferred_username"].find((name) => {
    const value = user.attributes[name];
    if (value === undefined || !aliasesOf(pool, user).includes(keyOf(pool, value))) return false;
    const other = findUser(cognito, pool, value);
    return other !== undefined && other.username !== user.username;
  });

const write = (cognito: Cognito, pool: Pool, user: User, before?: User): void => {
  for (const alias of before ? aliasesOf(pool, before) : []) cognito.aliases.delete(alias);
  for (const alias of aliasesOf(pool, user)) cognito.aliases.put(alias, user.username);
  cognito.users.put(keyOf(pool, user.username), user);
};

/** Adds a user. Nothing is awaited between the check and the write, so of two at once one wins. */
export const insertUser = (cognito: Cognito, pool: Pool, user: User): void => {
  if (cognito.users.get(keyOf(pool, user.username)))
    throw new AwsError("UsernameExistsException", "User account already exists");
  const taken = takenName(cognito, pool, user);
  const named = pool.settings.UsernameAttributes?.includes(taken ?? "") ?? false;
  if (taken !== undefined)
    throw new AwsError(
      named ? "UsernameExistsException" : "AliasExistsException",
      `An account with the given ${taken} already exists.`,
    );
  write(cognito, pool, user);
};

/** Changes a user as it is now, not as it was before something was awaited. */
export const updateUser = (
  cognito: Cognito,
  pool: Pool,
  username: string,
  change: (user: User) => Partial<User>,
): User => {
  const before = needUser(cognito, pool, username);
  const user: User = { ...before, ...change(before), changedAt: cognito.now() };
  const taken = takenName(cognito, pool, user);
  if (taken !== undefined)
    throw new AwsError("AliasExistsException", `An account with the given ${taken} already exists.`);
  write(cognito, pool, user, before);
  return user;
};

export const removeUser = (cognito: Cognito, pool: Pool, user: User): void => {
  removeSessions(cognito, user);
  for (const alias of aliasesOf(pool, user)) cognito.aliases.delete(alias);
  cognito.users.delete(keyOf(pool, user.username));
};

export const usersOf = (cognito: Cognito, pool: Pool): readonly User[] =>
  cognito.users.list(`${pool.id}/`).map(({ value }) => value);

/** A user as lists show it. */
export const describeUser = (user: User, attributes: unknown): Record<string, unknown> => ({
  Username: user.username,
  Attributes: attributes,
  UserCreateDate: user.createdAt,
  UserLastModifiedDate: user.changedAt,
  Enabled: user.enabled,
  UserStatus: user.status,
});

/** As tokens, triggers and lists show where a user comes from. */
export const identitiesOf = ({ userId, providerName, dateCreated }: Identity): readonly Record<string, unknown>[] => [
  {
    userId,
    providerName,
    providerType: "OIDC",
    issuer: null,
    primary: true,
    dateCreated: Math.floor(dateCreated * 1000),
  },
];
