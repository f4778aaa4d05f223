import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatMicros, Sum, toMicros } from "./decimal.ts";

const micros = (text: string) => toMicros(JSON.parse(text), text, () => text);

describe("a value becomes exact micro-units", () => {
  test.for([
    ["0", 0n],
    ["1", 1_000_000n],
    ["0.1", 100_000n],
    ["0.000001", 1n],
    ["1e-6", 1n],
    ["2.9", 2_900_000n],
    ["1.10", 1_100_000n],
    ["1e12", 1_000_000_000_000_000_000n],
    ["9007199254.740993", 9_007_199_254_740_993n],
    ["999999999999.123457", 999_999_999_999_123_457n],
    ["99999999999.9999990", 99_999_999_999_999_999n],
    ["1.234567890123e11", 123_456_789_012_300_000n],
  ] as const)("%s", ([text, expected]) => {
    const actual = micros(text);
    expect(typeof actual).not.toBe("string");
    expect(BigInt(actual)).toBe(expected);
  });

  test.for([
    ["1.0000001", "has more than six decimals"],
    ["0.30000000000000004", "has more than six decimals"],
    ["1e-7", "has more than six decimals"],
    ["99999999999.1234567", "has more than six decimals"],
    ["-1", "is not between 0 and 1e12"],
    ["1e300", "is not between 0 and 1e12"],
    ["1e999", "is not a number"],
    ["1000000000000.5", "is not between 0 and 1e12"],
    ["1000000000000.000001", "is not between 0 and 1e12"],
    [`3000000000.${"0".repeat(100_000)}1`, "has more than six decimals"],
    ['"1"', "is not a number"],
    ["null", "is not a number"],
    ["true", "is not a number"],
    ["[1]", "is not a number"],
  ] as const)("%s is refused", ([text, fault]) => expect(micros(text)).toBe(fault));

  test("every decimal of six places survives", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (exact) => {
        const text = formatMicros(exact);
        expect(BigInt(micros(text))).toBe(exact);
      }),
      { numRuns: 5000 },
    );
  });
});

test("a sum is exact in any order, whatever its size", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n })), (parts) => {
      const sum = new Sum();
      for (const part of parts) sum.add(part <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(part) : part);
      expect(sum.total()).toBe(parts.reduce((total, part) => total + part, 0n));
    }),
  );
});

test("0.1 and 0.2 make 0.3", () => {
  const sum = new Sum();
  for (const text of ["0.1", "0.2"]) sum.add(micros(text) as number);
  expect(formatMicros(sum.total())).toBe("0.3");
});

test.for([
  [0n, "0"],
  [1n, "0.000001"],
  [1_500_000n, "1.5"],
  [-1_500_000n, "-1.5"],
  [12_000_000n, "12"],
] as const)("%s micro-units read %s", ([value, text]) => expect(formatMicros(value)).toBe(text));
