import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TenantName } from "./name.ts";
import { slugLength, slugOf } from "./slug.ts";

const digested = /^[a-z0-9-]*-[a-z0-9]{8}$/;

describe("a slug", () => {
  test.for([
    ["Acme Corp", "acme-corp"],
    ["  Crème & Co. ", "creme-co"],
    ["Ünïcödé GmbH", "unicode-gmbh"],
    ["Łódź Straße Ærø", "lodz-strasse-aero"],
    ["Ａｃｍｅ １", "acme-1"],
    ["42", "42"],
    [`Robert'); DROP TABLE tenants;--`, "robert-drop-table-tenants"],
    ["Mærsk A/S", "maersk-a-s"],
  ] as const)("of %s is %s", ([name, slug]) => expect(slugOf(name)).toBe(slug));

  test("of a name in another script is a digest, and differs by name", () => {
    expect(slugOf("株式会社テナント")).toMatch(/^t-[a-z0-9]{8}$/);
    expect(slugOf("株式会社テナント")).not.toBe(slugOf("株式会社エーシーエムイー"));
    expect(slugOf("カラス")).not.toBe(slugOf("ガラス"));
    expect(slugOf("株式会社 テナント")).toBe(slugOf("「株式会社」テナント"));
    expect(slugOf("Acme株式会社")).toMatch(/^acme-[a-z0-9]{8}$/);
    expect(slugOf("Acme株式会社")).not.toBe(slugOf("Acme商店"));
  });

  test("of a name too long is cut and told apart by a digest", () => {
    const [one, other] = [slugOf(`${"n".repeat(80)}1`), slugOf(`${"n".repeat(80)}2`)];
    expect(one).toMatch(digested);
    expect(one).not.toBe(other);
  });

  test("makes a DNS label of every name that is allowed, always the same", () => {
    const names = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 120 }),
      fc.string({ unit: fc.constantFrom("a", "Z", "9", "-", " ", "é", "漢", "ß", "'"), maxLength: 120 }),
    );
    fc.assert(
      fc.property(names, (text) => {
        const name = TenantName.safeParse(text);
        fc.pre(name.success);
        const slug = slugOf(name.data);
        expect(slug).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        expect(slug.length).toBeLessThanOrEqual(slugLength);
        expect(slugOf(name.data.normalize("NFD"))).toBe(slug);
        expect(slugOf(`${name.data.replaceAll(" ", "  ")}!`)).toBe(slug);
      }),
      { numRuns: 2000 },
    );
    expect(`tenant-${"x".repeat(slugLength)}`).toHaveLength(63);
  });
});

describe("a tenant's name", () => {
  test.for([
    ["A", "A"],
    ["  Acme  ", "Acme"],
    ['O\'Brien & Söhne "GmbH"', 'O\'Brien & Söhne "GmbH"'],
    ['"Quoted" & <b>Bold</b> Inc', '"Quoted" & <b>Bold</b> Inc'],
    ["株式会社テナント", "株式会社テナント"],
    ["「会社」", "「会社」"],
    ["Acme-Corp", "Acme-Corp"],
    ["𠮷".repeat(100), "𠮷".repeat(100)],
  ] as const)("may be %j", ([text, name]) => expect(TenantName.parse(text)).toBe(name));

  test.for([
    "",
    "   ",
    "!!! ---",
    "-acme",
    '"',
    "../etc/passwd",
    "acme/../other",
    "acme/..",
    "a\\b",
    "ac\0me",
    "ac\nme",
    "\tacme",
    "ac\u202eme",
    "\ud800",
    "n".repeat(101),
    "n".repeat(1000),
  ])("may not be %j", (text) => expect(TenantName.safeParse(text).success).toBe(false));
});
