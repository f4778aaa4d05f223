import type { Description, Schema } from "./description.ts";

/** Numbers from 0 up to, without, 1, the same for the same seed (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** Texts that have broken other people's programs. */
const nasty: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\uD800",
  "‮abc",
  "null",
  "undefined",
  "NaN",
  "true",
  "-1",
  "1e309",
  "../../etc/passwd",
  "%2e%2e%2f",
  "%",
  "%zz",
  "'; DROP TABLE tenants; --",
  "${jndi:ldap://127.0.0.1/a}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "ten_",
  "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8",
  "TENANT#x",
  "#",
  "?",
  "*",
  "аdmin@example.com",
  "0000-00-00",
  "2026-02-30",
  "9999-12-31T23:59:60Z",
  "x".repeat(300),
  "é".repeat(2000),
];

const strange: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  Number.MAX_SAFE_INTEGER + 2,
  1e308,
  [],
  [[]],
  {},
  { toString: "x" },
  { length: 1e9 },
];

/** Makes values of a description's schemas, and breaks them. */
export const valuesOf = (description: Description, random: () => number) => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const chance = (share: number): boolean => random() < share;
  const text = (): string => pick(nasty);

  const valid = (given: Schema): unknown => {
    const schema = description.resolve(given);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return pick(schema.enum);
    const choice = schema.anyOf ?? schema.oneOf;
    if (choice !== undefined) return valid(pick(choice));
    const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type;
    if (type === "object" || schema.properties !== undefined) {
      if (schema.properties === undefined) return schema.example ?? {};
      const fields = Object.entries(schema.properties).filter(
        ([name]) => (schema.required ?? []).includes(name) || chance(0.5),
      );
      return Object.fromEntries(fields.map(([name, field]) => [name, valid(field)]));
    }
    if (type === "array")
      return Array.from({ length: (schema.minItems ?? 0) + (chance(0.5) ? 1 : 0) }, () => valid(schema.items ?? {}));
    if (type === "integer" || type === "number") {
      const least = schema.minimum ?? 0;
      return chance(0.2) ? least : Math.min(schema.maximum ?? least + 1000, least + Math.floor(random() * 1000));
    }
    if (type === "boolean") return chance(0.5);
    if (type === "null") return null;
    const known = schema.example ?? schema.examples?.[0] ?? schema.default;
    if (known !== undefined) return known;
    return "x".repeat(Math.max(schema.minLength ?? 1, 1));
  };

  /** The value with one thing wrong in it, somewhere. */
  const broken = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || chance(0.15)) return chance(0.6) ? text() : pick(strange);
    if (Array.isArray(value))
      return value.length === 0 ? [pick(strange)] : value.map((item, index) => (index === 0 ? broken(item) : item));
    const names = Object.keys(value);
    const [name, how] = [pick(names.length > 0 ? names : ["x"]), random()];
    const copy = { ...value } as Record<string, unknown>;
    if (how < 0.2) delete copy[name];
    else if (how < 0.35) copy[pick(["extra", "__proto__", "tenant_id", "org_id", "status", "id"])] = text();
    else copy[name] = broken(copy[name]);
    return copy;
  };

  /** What is no JSON document, or one that goes too far. */
  const rubbish = (): string =>
    pick([
      "",
      "{",
      '{"a":',
      "[".repeat(5000),
      '{"name":"a","name":"b"}',
      "not json",
      "\u0000",
      "﻿{}",
      `"${"x".repeat(20_000)}"`,
      "null",
      "[]",
      "1",
    ]);

  return { pick, chance, text, valid, broken, rubbish };
};
