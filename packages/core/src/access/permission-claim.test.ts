import { assert, property, subarray } from "fast-check";
import { describe, expect, test } from "vitest";
import { claimHolds, maxPermissionClaimBytes, permissionClaim, permissionsIn } from "./permission-claim.ts";
import { permissions } from "./policy.ts";

const many = Array.from({ length: 500 }, (_, at) => `area-number-${at}:credentials-and-more-${at}`);

describe("the permissions claim", () => {
  test("has names while they fit, and all of today's permissions do", () => {
    expect(permissionClaim(permissions)).toBe(permissions.join(" "));
    expect(permissionsIn(permissionClaim(permissions))).toEqual(new Set(permissions));
  });

  test("of 500 permissions takes 135 bytes, and never more than its bound", () => {
    expect(many.join(" ").length).toBeGreaterThan(maxPermissionClaimBytes);
    expect(permissionClaim(many, many)).toHaveLength(135);
    for (let held = 1; held <= 500; held++)
      expect(permissionClaim(many.slice(0, held), many).length).toBeLessThanOrEqual(maxPermissionClaimBytes);
  });

  test("holds exactly what was put into it, in either form", () => {
    assert(
      property(subarray(many), (held) => {
        const claim = permissionClaim(held, many);
        expect(many.filter((one) => claimHolds(claim, one, many))).toEqual(held);
      }),
      { numRuns: 10 },
    );
  });

  test("has names up to its bound, and bits from there on, up to the same bound", () => {
    const exact = `${"a".repeat(maxPermissionClaimBytes - 2)}:b`;
    expect(permissionClaim([exact], [exact])).toBe(exact);
    expect(permissionClaim([`${exact}c`], [`${exact}c`])).toMatch(/^#[0-9a-f]{8}\.1$/);
    const table = Array.from({ length: (maxPermissionClaimBytes - 10) * 4 }, (_, at) => `p:${at}`);
    expect(permissionClaim(table, table)).toHaveLength(maxPermissionClaimBytes);
    expect(() => permissionClaim([...table, "q"], [...table, "q"])).toThrow(/do not fit/);
  });

  test("by bits is written and read as it always was", () => {
    const all = ["a", "b", "c", "d", "e"];
    const long = ["x".repeat(3000), ...all];
    expect(permissionClaim([long[0]!, "b", "e"], long)).toBe("#7df2c5ba.52");
    for (const claim of ["#7df2c5ba.52", "#7df2c5ba.5"]) expect(claimHolds(claim, "b", long)).toBe(true);
    expect(claimHolds("#7df2c5ba.52", "e", long)).toBe(true);
    for (const broken of [
      "#7df2c5ba.5",
      "#7df2c5ba",
      "#7df2c5ba.52.",
      "#7df2c5ba.52 ",
      "# 7df2c5ba.52",
      "#7df2c5ba.52z",
      "#7df2c5ba.+52",
    ])
      expect(claimHolds(broken, "e", long), broken).toBe(false);
    // A fingerprint that begins with a zero has it.
    expect(permissionClaim([long[0]!, "n650"], [long[0]!, "n650"])).toBe("#05380c5a.3");
    expect(claimHolds("#7df2c5ba.z5", "e", long)).toBe(false);
    for (const none of ["", "f"]) expect(claimHolds("#7df2c5ba.ff", none, long)).toBe(false);
    expect(claimHolds("#ffffffff.ff", "b", long)).toBe(false);
  });

  test("is refused, not cut, where even bits do not fit", () => {
    const endless = Array.from({ length: 10_000 }, (_, at) => `p:${at}`);
    expect(() => permissionClaim(endless, endless)).toThrow(/do not fit/);
  });

  test("written by another version of the table holds nothing", () => {
    const claim = permissionClaim(many, many);
    const other = [...many, "one:more"];
    expect(many.filter((one) => claimHolds(claim, one, other))).toEqual([]);
  });

  test.for(["#", "#.", "#ffffffff.ff", "#zz.zz", "#a.b.c", "constructor", "#__proto__.f"])(
    "that is %s holds nothing",
    (claim) => expect(permissionsIn(claim).size).toBe(0),
  );
});
