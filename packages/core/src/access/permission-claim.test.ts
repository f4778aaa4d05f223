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
      { numRuns: 50 },
    );
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
