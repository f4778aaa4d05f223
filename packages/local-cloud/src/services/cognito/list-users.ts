import { type Input, optionalNumber, optionalText, page, text, texts } from "../input.ts";
import { attributeList } from "./attributes.ts";
import type { User } from "./model.ts";
import { type Cognito, invalidParameter, needPool } from "./state.ts";
import { describeUser, findUser, usersOf } from "./users.ts";

const SEARCHABLE = new Set([
  "username",
  "email",
  "phone_number",
  "name",
  "given_name",
  "family_name",
  "preferred_username",
  "sub",
  "cognito:user_status",
  "status",
]);

/** Nobody else can have the value of these. */
const UNIQUE = new Set(["username", "sub"]);

type Filter = { readonly name: string; readonly value: string; readonly prefix: boolean };

/** `name = "value"` or `name ^= "start"`, with `\"` for a quote. */
const parseFilter = (source: string): Filter => {
  const [, name = "", operator, value = ""] = /^\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(source) ?? [];
  if (operator === undefined)
    throw invalidParameter("Error while parsing filter: One or more request parameters are invalid.");
  if (!SEARCHABLE.has(name)) throw invalidParameter(`One or more requested attributes do not exist: ${name}`);
  return { name, value: value.replace(/\\(.)/g, "$1"), prefix: operator === "^=" };
};

const fieldOf = (user: User, name: string): string | undefined => {
  if (name === "username") return user.username;
  if (name === "cognito:user_status") return user.status;
  if (name === "status") return user.enabled ? "Enabled" : "Disabled";
  return user.attributes[name];
};

const matches =
  ({ name, value, prefix }: Filter) =>
  (user: User): boolean => {
    const field = fieldOf(user, name)?.toLowerCase();
    const wanted = value.toLowerCase();
    return prefix ? (field?.startsWith(wanted) ?? false) : field === wanted;
  };

/** ListUsers: in the order of their usernames, at most 60 a page. */
export const listUsers = (cognito: Cognito, input: Input): unknown => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  const source = optionalText(input, "Filter") ?? "";
  const filter = source.trim() === "" ? undefined : parseFilter(source);
  const limit = optionalNumber(input, "Limit") ?? 60;
  if (limit < 0 || limit > 60)
    throw invalidParameter("1 validation error detected: Value at 'limit' must be at most 60");
  // Unique names are indexed; anything else is looked for in all users.
  const known = filter && !filter.prefix && UNIQUE.has(filter.name) ? findUser(cognito, pool, filter.value) : undefined;
  const candidates = known ? [known] : usersOf(cognito, pool);
  const found = filter ? candidates.filter(matches(filter)) : candidates;
  const { items, next } = page(
    found,
    ({ username }) => username.toLowerCase(),
    limit === 0 ? 60 : limit,
    optionalText(input, "PaginationToken"),
  );
  const only = Array.isArray(input["AttributesToGet"]) ? texts(input, "AttributesToGet") : undefined;
  return { Users: items.map((user) => describeUser(user, attributeList(user, only))), PaginationToken: next };
};
