import { parse as parseYaml } from "yaml";
import { decode } from "./decode.ts";
import { apiVersionOf, type Kind, type KubernetesObject } from "./kinds/kind.ts";
import { isRecord, type Fieldset, type Value } from "./schema.ts";
import { badRequest, StatusError } from "./status.ts";

/** What becomes of fields that a kind does not have. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** Parses a body that must be one JSON or YAML object. @throws StatusError 400 */
export const parseBody = (text: string): Fieldset => {
  let value: unknown;
  try {
    value = text.trimStart().startsWith("{") ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(value)) throw badRequest("the body is not an object");
  return value;
};

const checkType = (kind: Kind, body: Fieldset): void => {
  const expected = apiVersionOf(kind);
  if (body["apiVersion"] !== undefined && body["apiVersion"] !== expected) {
    throw badRequest(
      `the API version in the data (${JSON.stringify(body["apiVersion"])}) does not match the expected API version (${expected})`,
    );
  }
  if (body["kind"] !== undefined && body["kind"] !== kind.kind) {
    throw badRequest(
      `${JSON.stringify(body["kind"])} in version "${expected}" cannot be handled as a ${kind.kind}: the kind in the data does not match`,
    );
  }
};

/**
 * A body as an object of a kind: of the right types, without fields that the kind does not have, with the names of its
 * type. @throws StatusError 400 on a wrong type, or on an unknown field when validation is strict.
 */
export const decodeObject = (
  kind: Kind,
  body: Fieldset,
  validation: FieldValidation,
  warn: (text: string) => void,
): KubernetesObject => {
  checkType(kind, body);
  const decoding = { kind: kind.kind, version: apiVersionOf(kind).split("/").at(-1) ?? "", unknown: [] };
  const decoded = decode(kind.schema, body, "", decoding) as Fieldset;
  const unknown = decoding.unknown.map((path) => `unknown field "${String(path)}"`);
  if (unknown.length > 0 && validation === "Strict") {
    throw badRequest(
      `${kind.kind} in version "${decoding.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${unknown.join(", ")}`,
    );
  }
  if (validation === "Warn") unknown.forEach(warn);
  return typed(kind, decoded);
};

/** An object with the names of its type, in the order in which they are read. */
export const typed = (kind: Kind, fields: Fieldset): KubernetesObject => {
  const { apiVersion: _a, kind: _k, metadata = {}, ...rest } = fields;
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, ...rest } as unknown as KubernetesObject;
};

/** What is applied must be made of known fields, whatever the validation: the server has no owner for others. */
export const decodeApplied = (kind: Kind, body: Fieldset, namespace: string, name: string): Fieldset => {
  checkType(kind, body);
  const metadata = (body["metadata"] ?? {}) as Record<string, Value>;
  if (metadata["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  const decoding = { kind: kind.kind, version: kind.version, unknown: [] as string[] };
  const decoded = decode(kind.schema, body, "", decoding) as Fieldset;
  if (decoding.unknown.length > 0) {
    const fields = decoding.unknown.map((path) => `.${path}: field not declared in schema`).join("\n  ");
    throw new StatusError(
      500,
      "",
      `failed to create typed patch object (${namespace}/${name}; ${apiVersionOf(kind)}, Kind=${kind.kind}): ${decoding.unknown.length > 1 ? `errors:\n  ${fields}` : fields}`,
    );
  }
  return decoded;
};
