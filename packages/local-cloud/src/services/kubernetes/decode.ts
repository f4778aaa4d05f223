import { canonicalQuantity } from "./quantity.ts";
import { fieldOf, isRecord, type Schema, type Value } from "./schema.ts";
import { badRequest } from "./status.ts";

/** What decoding found besides the value. */
export type Decoding = {
  readonly kind: string;
  readonly version: string;
  /** Fields that the schema does not have, by path. They are dropped. */
  readonly unknown: string[];
};

const goNames: Readonly<Record<Schema["type"], string>> = {
  string: "string",
  integer: "int64",
  boolean: "bool",
  quantity: "resource.Quantity",
  intOrString: "intstr.IntOrString",
  any: "any",
  object: "struct",
  map: "map[string]string",
  list: "slice",
};

const jsonName = (value: Value): string => {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
};

const mismatch = (schema: Schema, value: Value, path: string, { kind, version }: Decoding) =>
  badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${jsonName(value)} into Go struct field ${kind}.${path} of type ${goNames[schema.type]}`,
  );

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

const scalar = (schema: Schema, value: Value): Value | undefined => {
  switch (schema.type) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "integer":
      return Number.isSafeInteger(value) ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "intOrString":
      return typeof value === "string" || Number.isSafeInteger(value) ? value : undefined;
    case "quantity":
      return typeof value === "string" || typeof value === "number" ? canonicalQuantity(String(value)) : undefined;
    default:
      return undefined;
  }
};

/**
 * A value as the server keeps it: of the right types, without unknown fields, nulls, and empty lists and maps.
 * Undefined when nothing is left. @throws StatusError 400 when a field is of the wrong type.
 */
export const decode = (
  schema: Schema,
  value: Value | undefined,
  path: string,
  decoding: Decoding,
): Value | undefined => {
  if (value === null || value === undefined) return undefined;
  if (schema.type === "any") return value;
  if (schema.type === "list") {
    if (!Array.isArray(value)) throw mismatch(schema, value, path, decoding);
    const items = value.map((item, index) => decode(schema.of, item, `${path}[${index}]`, decoding));
    return items.length === 0 ? undefined : items.filter((item) => item !== undefined);
  }
  if (schema.type === "map" || schema.type === "object") {
    if (!isRecord(value)) throw mismatch(schema, value, path, decoding);
    const entries: [string, Value][] = [];
    for (const [name, field] of Object.entries(value)) {
      const inner = fieldOf(schema, name);
      if (inner === undefined) decoding.unknown.push(join(path, name));
      const kept = inner && decode(inner, field, join(path, name), decoding);
      if (kept !== undefined) entries.push([name, kept]);
    }
    return schema.type === "map" && entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  const kept = scalar(schema, value);
  if (kept === undefined) throw mismatch(schema, value, path, decoding);
  return kept;
};

/** The fields that the schema demands and the value lacks, by path. */
export const lacking = (schema: Schema, value: Value | undefined, path = ""): string[] => {
  if (schema.type === "list" && Array.isArray(value)) {
    return value.flatMap((item, index) => lacking(schema.of, item, `${path}[${index}]`));
  }
  if (!isRecord(value) || (schema.type !== "object" && schema.type !== "map")) return [];
  const own = schema.type === "object" ? schema.required.filter((name) => value[name] === undefined) : [];
  return [
    ...own.map((name) => join(path, name)),
    ...Object.entries(value).flatMap(([name, field]) => {
      const inner = fieldOf(schema, name);
      return inner === undefined ? [] : lacking(inner, field, join(path, name));
    }),
  ];
};
