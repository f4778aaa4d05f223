import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPlans } from "./default-plans.ts";
import { costOf, moneyOf, moneyText, rounded } from "./money.ts";
import { Plan } from "./plan.ts";
import { priceMonth, totalOf } from "./price.ts";
import { parseMicros } from "./quantity.ts";
import { arbitraryPlan, arbitrarySteps, metered, micros, price, terms } from "./testing/plans.ts";

const steps = [
  { up_to: "10", unit_price: "1" },
  { up_to: "20", unit_price: "0.5" },
  { up_to: null, unit_price: "0.1" },
];

const plan = (charges: readonly unknown[], minimum: string | null = null): Plan =>
  Plan.parse({ ...terms, minimum, charges });
const of = (quantity: string) => new Map([["api_calls", parseMicros(quantity)]]);
const amounts = (lines: ReturnType<typeof priceMonth>) => lines.map(({ id, amount }) => [id, amount]);

describe("a month's price", () => {
  test.for([
    ["flat", { kind: "flat", id: "calls", description: "Fee", amount: "49" }, "7", "49.00"],
    ["per unit", { kind: "per_unit", ...metered, unit_price: "0.0004" }, "12345.678901", "4.94"],
    ["included", { kind: "per_unit", ...metered, unit_price: "0.5", included: "100" }, "100.5", "0.25"],
    ["within what is included", { kind: "per_unit", ...metered, unit_price: "0.5", included: "100" }, "99", "0.00"],
    ["below nothing", { kind: "per_unit", ...metered, unit_price: "0.5" }, "-3", "0.00"],
    ["graduated, first step", { kind: "graduated", ...metered, steps }, "10", "10.00"],
    ["graduated, second step", { kind: "graduated", ...metered, steps }, "10.5", "10.25"],
    ["graduated, all steps", { kind: "graduated", ...metered, steps }, "30", "16.00"],
    ["graduated beyond what is included", { kind: "graduated", ...metered, steps, included: "5" }, "30", "15.50"],
    ["volume, first step", { kind: "volume", ...metered, steps }, "10", "10.00"],
    ["volume, just beyond", { kind: "volume", ...metered, steps }, "10.000001", "5.00"],
    ["volume, last step", { kind: "volume", ...metered, steps }, "30", "3.00"],
  ] as const)("%s", ([, charge, quantity, amount]) =>
    expect(amounts(priceMonth(plan([charge]), of(quantity), null))).toEqual([["calls", amount]]),
  );

  test("graduated steps show what falls into each", () =>
    expect(priceMonth(plan([{ kind: "graduated", ...metered, steps }]), of("25"), null)[0]?.steps).toEqual([
      { quantity: "10", unit_price: "1", amount: "10.00" },
      { quantity: "10", unit_price: "0.5", amount: "5.00" },
      { quantity: "5", unit_price: "0.1", amount: "0.50" },
    ]));

  test("a minimum is made up for, and costs nothing above it", () => {
    const charges = [{ kind: "per_unit", ...metered, unit_price: "1" }];
    expect(amounts(priceMonth(plan(charges, "20"), of("7.5"), null))).toEqual([
      ["calls", "7.50"],
      ["minimum", "12.50"],
    ]);
    expect(amounts(priceMonth(plan(charges, "20"), of("21"), null))).toEqual([
      ["calls", "21.00"],
      ["minimum", "0.00"],
    ]);
  });

  test("fees and minimum are prorated by days, usage is not", () => {
    const charges = [
      { kind: "flat", id: "fee", description: "Fee", amount: "100" },
      { kind: "per_unit", ...metered, unit_price: "1", included: "2" },
    ];
    expect(amounts(priceMonth(plan(charges, "310"), of("3"), { days: 10, of: 31 }))).toEqual([
      ["fee", "32.26"],
      ["calls", "1.00"],
      ["minimum", "66.74"],
    ]);
  });

  test("the shipped plans are plans", () => {
    for (const [tier, shipped] of Object.entries(defaultPlans)) {
      expect(Plan.parse(shipped)).toEqual(shipped);
      expect(shipped.tier).toBe(tier);
    }
  });
});

/** Half to even, by hand: the oracle. */
const halfEven = (amount: bigint, places: number): bigint => {
  const unit = 10n ** BigInt(places);
  const [quotient, rest] = [amount / unit, amount % unit];
  const twice = rest * 2n;
  return twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient;
};

test("money is exact to fifteen decimals and rounded once, half to even", () =>
  fc.assert(
    fc.property(price, micros, fc.boolean(), ({ nano, text }, units, tie) => {
      // Ties are rare among random numbers: half of the cases are made into one.
      const quantity = tie ? units - (units % 5_000_000n) + 5_000_000n : units;
      const exact = costOf(moneyOf(text, "USD"), quantity);
      const cents = halfEven(nano * quantity, 13);
      const digits = cents.toString().padStart(3, "0");
      expect(moneyText(rounded(exact, "USD"))).toBe(`${digits.slice(0, -2)}.${digits.slice(-2)}`);
    }),
  ));

test("lines sum to the total, to the minor unit, and reach the minimum", () =>
  fc.assert(
    fc.property(arbitraryPlan, micros, (any, quantity) => {
      const lines = priceMonth(any, new Map([["api_calls", quantity]]), null);
      const minor = (text: string) => BigInt(text.replace(".", ""));
      const total = moneyText(totalOf(lines, any.currency));
      expect(minor(total)).toBe(lines.reduce((sum, { amount }) => sum + minor(amount), 0n));
      const floor = moneyText(rounded(moneyOf(any.minimum ?? "0", any.currency), any.currency));
      expect(minor(total)).toBeGreaterThanOrEqual(minor(floor));
    }),
  ));

test("graduated units never cost less than fewer of them, and steps of one price are no steps", () =>
  fc.assert(
    fc.property(arbitrarySteps, micros, micros, price, (all, a, b, { text }) => {
      const cost = (charge: object, units: bigint) =>
        moneyOf(
          priceMonth(plan([{ ...metered, ...charge }]), new Map([["api_calls", units]]), null)[0]!.amount,
          "USD",
        ).toJSON().amount;
      const graduated = { kind: "graduated", steps: all };
      const [fewer, more] = a < b ? [a, b] : [b, a];
      expect(cost(graduated, fewer) <= cost(graduated, more)).toBe(true);
      const even = all.map(({ up_to }) => ({ up_to, unit_price: text }));
      expect(cost({ kind: "graduated", steps: even }, a)).toBe(cost({ kind: "per_unit", unit_price: text }, a));
    }),
  ));
