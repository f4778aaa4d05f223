/**
 * 64 bits that stand for an event's identity within its chunk. Two lanes of multiply-and-rotate over pairs of UTF-16
 * units, mixed at the end by a bijection. Chance makes two of a chunk's 100,000 events equal once in 4 thousand million chunks.
 * It need not withstand an adversary: whoever chooses ids can just as well repeat one. Both halves are signed, as V8
 * keeps such integers without a heap object of their own.
 */
export type Fingerprint = { readonly hi: number; readonly lo: number };

const golden = 0x9e3779b1;

/**
 * @param text the producer's id, or the position in the stream of the record that the event came in
 * @param meter the meter's number
 * @param line with a position, the line in the record, from 1; with an id 0, so that an id never reads like a position
 */
export const fingerprint = (text: string, meter: number, line = 0): Fingerprint => {
  // One lane starts from the meter and one from the line, so that no two pairs of them start alike.
  let h1 = 0xdeadbeef ^ Math.imul(meter, golden);
  let h2 = 0x41c6ce57 ^ Math.imul(line, golden);
  const length = text.length;
  for (let at = 0; at < length; at += 2) {
    const pair = text.charCodeAt(at) | ((at + 1 < length ? text.charCodeAt(at + 1) : 0xffff) << 16);
    h1 = Math.imul(h1 ^ pair, 0x85ebca77);
    h1 = (h1 << 15) | (h1 >>> 17);
    h2 = Math.imul(h2 ^ pair, 0xc2b2ae3d);
    h2 = (h2 << 13) | (h2 >>> 19);
  }
  h1 ^= length;
  h1 = Math.imul(h1 ^ (h1 >>> 16), 0x85ebca6b) ^ Math.imul(h2 ^ (h2 >>> 13), 0xc2b2ae35);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 0x85ebca6b) ^ Math.imul(h1 ^ (h1 >>> 13), 0xc2b2ae35);
  h1 = Math.imul(h1 ^ (h1 >>> 15), 0x2c1b3c6d) ^ Math.imul(h2 ^ (h2 >>> 12), 0x297a2d39);
  // Zero marks a free slot in an IdSet.
  return h1 === 0 && h2 === 0 ? { hi: 0, lo: 1 } : { hi: h1, lo: h2 };
};
