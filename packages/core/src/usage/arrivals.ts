import { hourMs } from "./accept.ts";

/**
 * The hours in which a chunk's events arrived, a bit each: bit 0 is the hour before the chunk's own, as events may be
 * five minutes early; bit 1 its own, and so on for 35 days. Mostly a byte, and 106 at most. It tells where in the
 * archive the chunk's events are.
 */
export type Arrivals = Uint8Array;

export const noArrivals: Arrivals = new Uint8Array(0);

/** The bit of an arrival. @param arrivedAt in milliseconds */
export const arrivalOf = (hour: number, arrivedAt: number): number =>
  Math.max(0, Math.floor(arrivedAt / hourMs) - hour + 1);

/** Adds bits. Returns the same array when all are there: most events arrive as those before them. */
export const addArrivals = (arrivals: Arrivals, bits: readonly { readonly arrival: number }[]): Arrivals => {
  let added = arrivals;
  let last = -1;
  for (const { arrival } of bits) {
    if (arrival === last) continue;
    last = arrival;
    const at = arrival >> 3;
    const mask = 1 << (arrival & 7);
    if (((added[at] ?? 0) & mask) !== 0) continue;
    const longer = new Uint8Array(Math.max(added.length, at + 1));
    longer.set(added);
    longer[at] = (longer[at] ?? 0) | mask;
    added = longer;
  }
  return added;
};

/** The hours since 1970 in which a chunk's events arrived, in order. */
export const arrivalHours = (hour: number, arrivals: Arrivals): number[] =>
  [...arrivals].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((byte >> bit) & 1 ? [hour - 1 + at * 8 + bit] : [])),
  );
