const scales: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  "": 1_000_000_000n,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
};

const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

const pattern = /^([+-]?)(\d+)?(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/** A number of billionths, from text such as `1.5` with a factor. */
const nanos = (whole: string, fraction: string, factor: bigint): bigint => {
  const scale = 10n ** BigInt(fraction.length);
  // What is finer than a billionth is rounded up, as Kubernetes does.
  return (BigInt(`${whole}${fraction}`) * factor + scale - 1n) / scale;
};

const decimal = (value: bigint): string => {
  if (value === 0n) return "0";
  const [suffix = "n", scale = 1n] =
    Object.entries(scales)
      .toReversed()
      .find(([, one]) => value % one === 0n) ?? [];
  return `${value / scale}${suffix}`;
};

/** A resource quantity as the API server writes it (`1000m` becomes `1`); undefined when the text is none. */
export const canonicalQuantity = (text: string): string | undefined => {
  const [match, sign = "", whole, fraction = "", suffix = "", exponent] = pattern.exec(text) ?? [];
  if (match === undefined || (whole === undefined && fraction === "")) return undefined;
  const minus = sign === "-" ? "-" : "";
  const power = binary.indexOf(suffix);
  if (power < 0) {
    const factor = scales[suffix] ?? 1n;
    if (exponent === undefined) return minus + decimal(nanos(whole ?? "0", fraction, factor));
    const shifted =
      Number(exponent) >= 0 ? factor * 10n ** BigInt(exponent) : factor / 10n ** BigInt(-Number(exponent));
    return minus + decimal(nanos(whole ?? "0", fraction, shifted));
  }
  const unit = 1_000_000_000n;
  const value = nanos(whole ?? "0", fraction, unit * 1024n ** BigInt(power + 1));
  if (value < 1024n * unit || value % unit !== 0n) return minus + decimal(value);
  let [bytes, step] = [value / unit, 0];
  for (; bytes % 1024n === 0n && step < binary.length; step += 1) bytes /= 1024n;
  return `${minus}${bytes}${step === 0 ? "" : binary[step - 1]}`;
};
