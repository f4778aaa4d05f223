/** The micro-units of a quantity as usage is answered: a decimal with up to six places, negative after corrections. */
export const parseMicros = (text: string): bigint => {
  const [, sign = "", whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`${text.slice(0, 64)} is no quantity.`);
  const micros = BigInt(whole + fraction.padEnd(6, "0"));
  return sign === "-" ? -micros : micros;
};
