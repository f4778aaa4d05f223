import { assert, boolean, integer, nat, property, record, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { derive, password } from "./derive.ts";

const from = (urn: string, seed = "ab".repeat(32)) => derive(seed, urn);

describe("derived values", () => {
  test("are the same for one seed, resource and purpose, and other for any other", () => {
    expect(from("a").hex("id", 40)).toBe(from("a").hex("id", 40));
    const others = [from("b").hex("id", 40), from("a").hex("ie", 40), from("a", "cd".repeat(32)).hex("id", 40)];
    expect(new Set([from("a").hex("id", 40), ...others]).size).toBe(4);
  });

  test("have the length that was asked for", () => {
    assert(
      property(nat(200), string(), (length, urn) => {
        expect(from(urn).bytes("x", length)).toHaveLength(length);
        expect(from(urn).hex("x", length)).toHaveLength(length);
        expect(from(urn).chars("x", length)).toMatch(new RegExp(`^[a-z0-9]{${length}}$`));
      }),
    );
  });

  test("a UUID says that it is of version 4", () => {
    expect(from("a").uuid("sub")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("a password", () => {
  const rules = record({
    length: integer({ min: 8, max: 64 }),
    upper: boolean(),
    special: boolean(),
    minNumeric: nat(4),
    minLower: nat(4),
  });

  test("has its length, its least numbers, and no character of a class left out", () => {
    assert(
      property(rules, string(), (options, urn) => {
        const made = password(from(urn), options);
        expect(made).toHaveLength(options.length);
        expect(made.replaceAll(/\D/g, "").length).toBeGreaterThanOrEqual(options.minNumeric);
        expect(made.replaceAll(/[^a-z]/g, "").length).toBeGreaterThanOrEqual(options.minLower);
        const allowed = `a-z0-9${options.upper ? "A-Z" : ""}${options.special ? "!@#$%&*()_=+[\\]{}<>:?-" : ""}`;
        expect(made).toMatch(new RegExp(`^[${allowed}]*$`));
      }),
    );
  });

  test("takes its special characters from those given", () => {
    expect(password(from("a"), { length: 200, overrideSpecial: "_" })).toMatch(/^\w{200}$/);
  });
});
