import * as fc from "fast-check";
import { expect, test } from "vitest";
import { adjustmentsOf, adjustmentsTo } from "./adjust.ts";
import { composeInvoice, type MonthUsage, prorationOf } from "./compose-invoice.ts";
import { type FinalizedInvoice, Invoice } from "./invoice.ts";
import { moneyOf, moneyText, plus } from "./money.ts";
import { addMonths, daysIn, monthsBetween } from "./month.ts";
import type { Plan } from "./plan.ts";
import { arbitraryPlan, micros } from "./testing/plans.ts";

const tenant = {
  id: "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8",
  tier: "standard",
  created_at: "2026-01-01T00:00:00.000Z",
} as const;
const day = 86_400_000;

const usageOf = (quantity: bigint): MonthUsage =>
  new Map([["api_calls", { unit: "call", micros: quantity, buckets: [] }]]);

const draft = (plan: Plan, month: string, used: bigint, before: readonly FinalizedInvoice[], late: readonly bigint[]) =>
  composeInvoice({
    tenant,
    month,
    plan,
    usage: usageOf(used),
    earlier: before.map((invoice, at) => ({
      invoice,
      proration: null,
      adjusted: adjustmentsTo(invoice.month, before),
      usage: new Map([["api_calls", late[at] ?? 0n]]),
      units: new Map([["api_calls", "call"]]),
    })),
    asOf: new Date(0),
    graceMs: 3 * day,
  });

const finalized = (invoice: Invoice): FinalizedInvoice => ({
  ...invoice,
  status: "finalized",
  number: `INV-${invoice.month}`,
  finalized_at: invoice.as_of,
});

const sum = (amounts: readonly string[], plan: Plan) =>
  moneyText(
    plus(
      amounts.map((amount) => moneyOf(amount, plan.currency)),
      plan.currency,
    ),
  );

test("an invoice and all its adjustments come to what one invoice over all usage would have been", () =>
  fc.assert(
    fc.property(
      arbitraryPlan,
      arbitraryPlan,
      fc.array(micros, { minLength: 1, maxLength: 4 }),
      (plan, next, readings) => {
        // The quantity of January as it is read when January and each month after it are finalized.
        const later = { ...next, currency: plan.currency };
        const invoices: FinalizedInvoice[] = [];
        for (const [at, january] of readings.entries()) {
          const month = addMonths("2026-01", at);
          const used = at === 0 ? january : 0n;
          const late = invoices.map((_, before) => (before === 0 ? january : 0n));
          invoices.push(finalized(draft(at === 0 ? plan : later, month, used, invoices, late)));
        }
        const [first] = invoices;
        const billed = [
          ...first!.lines.map(({ amount }) => amount),
          ...adjustmentsTo("2026-01", invoices).map(({ amount }) => amount),
        ];
        const atOnce = draft(plan, "2026-01", readings.at(-1)!, [], []);
        expect(sum(billed, plan)).toBe(atOnce.total);
        for (const invoice of invoices) {
          expect(invoice.total).toBe(
            sum(
              invoice.lines.map(({ amount }) => amount),
              plan,
            ),
          );
          expect(Invoice.parse(invoice)).toEqual(invoice);
        }
        // A month that has not changed since is not adjusted again.
        expect(
          adjustmentsOf({
            invoice: first!,
            proration: null,
            adjusted: adjustmentsTo("2026-01", invoices),
            usage: new Map([["api_calls", readings.at(-1)!]]),
            units: new Map(),
          }),
        ).toEqual([]);
      },
    ),
  ));

test.for([
  ["2026-11-01T23:59:59.999Z", "2026-11", null],
  ["2026-11-02T00:00:00.000Z", "2026-11", { days: 29, of: 30 }],
  ["2026-11-30T23:59:59.999Z", "2026-11", { days: 1, of: 30 }],
  ["2026-11-15T00:00:00.000Z", "2026-12", null],
] as const)("a tenant made at %s pays in %s for %j", ([created_at, month, expected]) =>
  expect(prorationOf({ created_at }, month)).toEqual(expected),
);

test("months", () => {
  expect(monthsBetween("2026-11", "2027-02")).toEqual(["2026-11", "2026-12", "2027-01", "2027-02"]);
  expect(monthsBetween("2026-11", "2026-10")).toEqual([]);
  expect([daysIn("2028-02"), daysIn("2026-02"), daysIn("2026-12")]).toEqual([29, 28, 31]);
});
