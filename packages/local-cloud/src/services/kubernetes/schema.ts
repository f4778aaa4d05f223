/**
 * The shape of a kind's fields: which there are, of which type, and how server-side apply merges them. Lists are
 * atomic unless they say otherwise, as in Kubernetes.
 */
export type Schema =
  | { readonly type: "string" | "integer" | "boolean" | "quantity" | "intOrString" | "any" }
  | {
      readonly type: "object";
      readonly fields: Readonly<Record<string, Schema>>;
      readonly required: readonly string[];
      readonly atomic: boolean;
    }
  | { readonly type: "map"; readonly of: Schema; readonly atomic: boolean }
  /** `keys` make it a list of objects merged by those keys; a set is merged by value. */
  | { readonly type: "list"; readonly of: Schema; readonly keys: readonly string[]; readonly set: boolean };

type Fields = Readonly<Record<string, Schema>>;

export const string: Schema = { type: "string" };
export const integer: Schema = { type: "integer" };
export const boolean: Schema = { type: "boolean" };
export const quantity: Schema = { type: "quantity" };
export const intOrString: Schema = { type: "intOrString" };
/** Anything, kept as it is: maps merge, lists are replaced. */
export const any: Schema = { type: "any" };

/** An object with these fields; a name that ends in `!` must be given. */
export const object = (fields: Fields): Schema => ({
  type: "object",
  fields: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace(/!$/, ""), schema])),
  required: Object.keys(fields)
    .filter((name) => name.endsWith("!"))
    .map((name) => name.slice(0, -1)),
  atomic: false,
});

/** An object that has one owner as a whole. */
export const atomic = (fields: Fields): Schema => ({ ...object(fields), atomic: true }) as Schema;

export const map = (of: Schema): Schema => ({ type: "map", of, atomic: false });
export const atomicMap = (of: Schema): Schema => ({ type: "map", of, atomic: true });
export const list = (of: Schema): Schema => ({ type: "list", of, keys: [], set: false });
export const listBy = (of: Schema, ...keys: string[]): Schema => ({ type: "list", of, keys, set: false });
export const set = (of: Schema): Schema => ({ type: "list", of, keys: [], set: true });

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Fieldset = { [key: string]: Value };

export const isRecord = (value: unknown): value is Fieldset =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value where text is wanted: a string as it is, anything else as JSON. */
export const asText = (value: Value | undefined): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null);

/** The schema of an object's field; undefined when it has none. */
export const fieldOf = (schema: Schema, name: string): Schema | undefined => {
  if (schema.type === "object") return Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
  if (schema.type === "map") return schema.of;
  return schema.type === "any" ? any : undefined;
};
