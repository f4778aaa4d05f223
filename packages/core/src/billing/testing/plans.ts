import * as fc from "fast-check";
import { formatMicros } from "../../usage/decimal.ts";
import { currencyCodes } from "../money.ts";
import { Plan } from "../plan.ts";

export const terms = {
  tier: "standard",
  version: 1,
  valid_from: "2026-01",
  currency: "USD",
  created_at: null,
} as const;
export const metered = { id: "calls", description: "Calls", meter: "api_calls" } as const;

/** A price of up to nine decimals, in billionths and as text. */
export const price = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((nano) => {
  const digits = nano.toString().padStart(10, "0");
  return { nano, text: `${digits.slice(0, -9)}.${digits.slice(-9)}` };
});
export const micros = fc.bigInt({ min: 0n, max: 10n ** 18n - 1n });

export const arbitrarySteps = fc
  .tuple(
    fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 12n }), { maxLength: 4 }),
    fc.array(price, { minLength: 5, maxLength: 5 }),
  )
  .map(([ends, prices]) => [
    ...ends
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((end, at) => ({ up_to: formatMicros(end), unit_price: prices[at]!.text })),
    { up_to: null, unit_price: prices[4]!.text },
  ]);

/** Any plan that its schema allows over the meter `api_calls`. */
export const arbitraryPlan = fc
  .record({
    currency: fc.constantFrom(...currencyCodes),
    minimum: fc.option(price.map(({ text }) => text)),
    charges: fc.array(
      fc.oneof(
        price.map(({ text }) => ({ kind: "flat", description: "Fee", amount: text })),
        fc
          .tuple(price, fc.option(micros.map(formatMicros), { nil: undefined }))
          .map(([{ text }, included]) => ({ kind: "per_unit", ...metered, unit_price: text, included })),
        fc
          .tuple(fc.constantFrom("graduated", "volume"), arbitrarySteps)
          .map(([kind, all]) => ({ kind, ...metered, steps: all })),
      ),
      { maxLength: 6 },
    ),
  })
  .map(({ charges, ...rest }) =>
    Plan.parse({ ...terms, ...rest, charges: charges.map((charge, at) => ({ ...charge, id: `charge-${at}` })) }),
  );
