import {
  add,
  calculator,
  type Dinero,
  dinero,
  halfEven,
  multiply,
  subtract,
  toDecimal,
  transformScale,
  trimScale,
} from "dinero.js/bigint";
import { AUD, CAD, CHF, EUR, GBP, JPY, SEK, USD } from "dinero.js/bigint/currencies";
import { z } from "zod";

/** Money is exact until it is rounded: an integer in a currency and a scale. There are no floats anywhere. */
export type Money = Dinero<bigint>;

const currencies = { AUD, CAD, CHF, EUR, GBP, JPY, SEK, USD } as const;

export const currencyCodes = Object.keys(currencies) as [keyof typeof currencies, ...(keyof typeof currencies)[]];
export const Currency = z.enum(currencyCodes);
export type Currency = z.infer<typeof Currency>;

/** A price or a fee: a decimal with up to nine places, not negative. */
export const Price = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,9})?$/, "must be a decimal as text with at most nine places, such as 0.0004");

/** A quantity of a meter: a decimal with up to six places, not negative. */
export const Quantity = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,6})?$/, "must be a decimal as text with at most six places, such as 1000");

/** `-1.25` → `{amount: -125n, scale: 2n}` */
const parse = (text: string): { readonly amount: bigint; readonly scale: bigint } => {
  const [whole = "", fraction = ""] = text.split(".");
  return { amount: BigInt(whole + fraction), scale: BigInt(fraction.length) };
};

/** @param text a decimal, which may be negative */
export const moneyOf = (text: string, currency: Currency): Money =>
  dinero({ ...parse(text), currency: currencies[currency] });

export const zero = (currency: Currency): Money => moneyOf("0", currency);

const micro = 6n;

/** What so many micro-units cost, exactly. */
export const costOf = (unitPrice: Money, micros: bigint): Money =>
  multiply(unitPrice, { amount: micros, scale: micro });

export const plus = (amounts: readonly Money[], currency: Currency): Money =>
  amounts.reduce((total, amount) => add(total, amount), zero(currency));

export const minus = (a: Money, b: Money): Money => subtract(a, b);

/** `part / whole` of an amount, rounded as `rounded` does. */
export const shareOf = (amount: Money, part: number, whole: number, currency: Currency): Money => {
  const { amount: units, scale } = rounded(amount, currency).toJSON();
  return dinero({
    amount: halfEven(units * BigInt(part), BigInt(whole), calculator),
    currency: currencies[currency],
    scale,
  });
};

const exponentOf = (currency: Currency): bigint => currencies[currency].exponent;

/** To whole minor units (cents), half to even. The only place where money is rounded. */
export const rounded = (amount: Money, currency: Currency): Money =>
  transformScale(amount, exponentOf(currency), halfEven);

/** `1234.50`: with the currency's own places, and as many more as it takes. */
export const moneyText = (amount: Money): string => toDecimal(trimScale(amount));
