/**
 * Quantities are whole micro-units: a decimal of at most six places, times a million. Exact, whatever their number.
 * One is a `number` while it is a safe integer and a `bigint` beyond; a `Sum` takes both.
 */
export type Micros = number | bigint;

export const maxValue = 1e12;
const maxMicros = 10n ** 18n;

/** Up to here a double has room for six exact decimals, so the nearest candidate is the only one. */
const roundable = 2 ** 31;

/** Why a value is refused, in words for whoever sent it. */
export type ValueFault = "is not a number" | "is not between 0 and 1e12" | "has more than six decimals";

/**
 * The exact micro-units of a value that JSON.parse gave. `source` finds the number in the text as it was written; it is
 * asked only from 2^31 on, where a double may have lost the sixth decimal.
 */
export const toMicros = (
  value: unknown,
  text: string,
  source: (text: string) => string | undefined,
): Micros | ValueFault => {
  if (typeof value !== "number" || !Number.isFinite(value)) return "is not a number";
  if (value < 0 || value > maxValue) return "is not between 0 and 1e12";
  if (value >= roundable) return fromText(source(text));
  const micros = Math.round(value * 1e6);
  return micros / 1e6 === value ? micros : "has more than six decimals";
};

/** `1234567890.5`, `1.2345678905e9`: the mantissa's digits shifted by the exponent. */
const number = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Nobody writes a quantity longer than this; a longer one would only keep the parser busy. */
const longest = 64;

const fromText = (text: string | undefined): Micros | ValueFault => {
  if (text === undefined || text.length > longest) return "has more than six decimals";
  const [, whole, fraction = "", exponent = "0"] = number.exec(text) ?? [];
  if (whole === undefined) return "is not a number";
  const shift = Number(exponent) - fraction.length + 6;
  const digits = (whole + fraction).replace(/0+$/, "");
  const places = shift + (whole.length + fraction.length - digits.length);
  if (places < 0) return "has more than six decimals";
  const micros = BigInt(digits) * 10n ** BigInt(places);
  return micros <= maxMicros ? micros : "is not between 0 and 1e12";
};

/** Adds micro-units exactly: in a double as long as that is exact, and in a bigint from there. */
export class Sum {
  #near = 0;
  #far = 0n;

  add(micros: Micros): void {
    if (typeof micros === "bigint") {
      this.#far += micros;
      return;
    }
    const near = this.#near + micros;
    if (Number.isSafeInteger(near)) {
      this.#near = near;
      return;
    }
    this.#far += BigInt(this.#near) + BigInt(micros);
    this.#near = 0;
  }

  total(): bigint {
    return this.#far === 0n ? BigInt(this.#near) : this.#far + BigInt(this.#near);
  }
}

/** `1500000n` → `"1.5"`: no exponent, no trailing zeros. */
export const formatMicros = (micros: bigint): string => {
  const sign = micros < 0n ? "-" : "";
  const digits = (micros < 0n ? -micros : micros).toString().padStart(7, "0");
  const fraction = digits.slice(-6).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -6)}${fraction === "" ? "" : `.${fraction}`}`;
};
