import { type Input, optionalText, records, text } from "../input.ts";
import type { Pool, User } from "./model.ts";
import { invalidParameter } from "./state.ts";
import { identitiesOf } from "./users.ts";

const STANDARD = new Set([
  "address",
  "birthdate",
  "email",
  "email_verified",
  "family_name",
  "gender",
  "given_name",
  "locale",
  "middle_name",
  "name",
  "nickname",
  "phone_number",
  "phone_number_verified",
  "picture",
  "preferred_username",
  "profile",
  "updated_at",
  "website",
  "zoneinfo",
]);

export const isEmail = (value: string): boolean => value.length <= 254 && /^[^\s@<>"',;]+@[^\s@<>"',;]+$/.test(value);
const isPhone = (value: string): boolean => /^\+[0-9]{5,15}$/.test(value);

const check = (pool: Pool, name: string, value: string): void => {
  if (name === "sub") throw invalidParameter("Cannot modify an immutable attribute: sub.");
  const custom = pool.settings.SchemaAttributes?.some((one) => `custom:${one.Name}` === name);
  if (!STANDARD.has(name) && !custom)
    throw invalidParameter(
      `Attributes did not conform to the schema: ${name}: Attribute does not exist in the schema.\n`,
    );
  if (value.length > 2048) throw invalidParameter(`Attributes did not conform to the schema: ${name}: Too long.\n`);
  if (name === "email" && value !== "" && !isEmail(value)) throw invalidParameter("Invalid email address format.");
  if (name === "phone_number" && value !== "" && !isPhone(value))
    throw invalidParameter("Invalid phone number format.");
};

/** Attributes off the wire, each one known to the pool's schema. */
export const readAttributes = (pool: Pool, input: Input): Readonly<Record<string, string>> =>
  checkAttributes(
    pool,
    Object.fromEntries(
      records(input, "UserAttributes").map((one) => [text(one, "Name"), optionalText(one, "Value") ?? ""]),
    ),
  );

export const checkAttributes = (
  pool: Pool,
  attributes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  for (const [name, value] of Object.entries(attributes)) check(pool, name, value);
  return attributes;
};

/** Attributes after a change. An empty value removes; a new address or number is unverified until somebody says so. */
export const mergeAttributes = (
  before: User["attributes"],
  changes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const merged: Record<string, string> = { ...before };
  for (const name of ["email", "phone_number"]) {
    const changed = changes[name] !== undefined && changes[name] !== before[name];
    if (changed && before[name] !== undefined) merged[`${name}_verified`] = "false";
  }
  Object.assign(merged, changes);
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
};

export const attributeList = (user: User, only?: readonly string[]): { Name: string; Value: string }[] =>
  Object.entries({
    ...user.attributes,
    ...(user.identity === undefined ? {} : { identities: JSON.stringify(identitiesOf(user.identity)) }),
  })
    .filter(([name]) => only === undefined || only.includes(name))
    .map(([Name, Value]) => ({ Name, Value }));
