import { AwsError } from "../gateway/service.ts";

/** An action's input as it came off the wire. Each action reads the members that it knows through the readers below. */
export type Input = Readonly<Record<string, unknown>>;

const invalid = (name: string, rule: string): AwsError =>
  new AwsError(
    "InvalidParameterException",
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must ${rule}`,
  );

/** A text that must be there and not be empty. */
export const text = (input: Input, name: string): string => {
  const value = input[name];
  if (typeof value !== "string" || value === "") throw invalid(name, "not be null");
  return value;
};

export const optionalText = (input: Input, name: string): string | undefined => {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalid(name, "be a string");
  return value;
};

export const optionalNumber = (input: Input, name: string): number | undefined => {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw invalid(name, "be a number");
  return value;
};

export const isRecord = (value: unknown): value is Input =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A structure or map; an absent one is empty. */
export const record = (input: Input, name: string): Input => {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw invalid(name, "be a structure");
  return value;
};

/** A map of texts; an absent one is empty. */
export const textMap = (input: Input, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(record(input, name)).map(([key, value]) => [key, String(value)]));

export const texts = (input: Input, name: string): readonly string[] => {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw invalid(name, "be a list");
  return value;
};

export const records = (input: Input, name: string): readonly Input[] => {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isRecord)) throw invalid(name, "be a list");
  return value;
};

/** One page, in the order of the keys. The token is the last key seen, so entries may come and go between pages. */
export const page = <T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  size: number,
  token: string | undefined,
): { items: readonly T[]; next: string | undefined } => {
  const after = token === undefined ? undefined : Buffer.from(token, "base64url").toString("utf8");
  const rest = items
    .filter((item) => after === undefined || keyOf(item) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const found = rest.slice(0, size);
  const last = found.at(-1);
  return {
    items: found,
    next: last !== undefined && rest.length > size ? Buffer.from(keyOf(last), "utf8").toString("base64url") : undefined,
  };
};
