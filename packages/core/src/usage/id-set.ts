import type { Fingerprint } from "./fingerprint.ts";

/** A set of fingerprints, open-addressed in one typed array: 16 to 32 bytes each, where a Set of strings takes a hundred. */
export class IdSet {
  #slots = new Int32Array(32);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** What it takes of memory. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  has(id: Fingerprint): boolean {
    const at = this.#find(id.hi, id.lo);
    return this.#slots[at] !== 0 || this.#slots[at + 1] !== 0;
  }

  /** @returns whether it is new. */
  add(id: Fingerprint): boolean {
    return this.#insert(id.hi, id.lo);
  }

  /** Adds the first so many of a list. */
  addAll(ids: readonly Fingerprint[], count: number): void {
    if ((this.#size + count) * 4 > this.#slots.length) this.#grow((this.#size + count) * 4);
    for (let at = 0; at < count; at++) this.#insert(ids[at]!.hi, ids[at]!.lo);
  }

  /** Adds the ids of a page: eight bytes each, big-endian. */
  addPage(ids: Uint8Array): void {
    const view = new DataView(ids.buffer, ids.byteOffset, ids.byteLength);
    for (let at = 0; at + 8 <= ids.byteLength; at += 8) this.#insert(view.getInt32(at), view.getInt32(at + 4));
  }

  *[Symbol.iterator](): Generator<Fingerprint> {
    for (let at = 0; at < this.#slots.length; at += 2) {
      const hi = this.#slots[at] ?? 0;
      const lo = this.#slots[at + 1] ?? 0;
      if (hi !== 0 || lo !== 0) yield { hi, lo };
    }
  }

  #insert(hi: number, lo: number): boolean {
    const at = this.#find(hi, lo);
    if (this.#slots[at] !== 0 || this.#slots[at + 1] !== 0) return false;
    this.#slots[at] = hi;
    this.#slots[at + 1] = lo;
    this.#size++;
    if (this.#size * 4 > this.#slots.length) this.#grow(this.#slots.length + 1);
    return true;
  }

  /** Where it is, or the free slot where it belongs. */
  #find(hi: number, lo: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    let at = (lo << 1) & mask;
    while ((slots[at] !== hi || slots[at + 1] !== lo) && (slots[at] !== 0 || slots[at + 1] !== 0)) at = (at + 2) & mask;
    return at;
  }

  /** To so many slots at least. */
  #grow(slots: number): void {
    const old = this.#slots;
    let { length } = old;
    while (length < slots) length *= 2;
    this.#slots = new Int32Array(length);
    for (let from = 0; from < old.length; from += 2) {
      const hi = old[from] ?? 0;
      const lo = old[from + 1] ?? 0;
      if (hi === 0 && lo === 0) continue;
      const at = this.#find(hi, lo);
      this.#slots[at] = hi;
      this.#slots[at + 1] = lo;
    }
  }
}

/** The ids of a page. */
export const idsIn = function* (page: Uint8Array): Generator<Fingerprint> {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  for (let at = 0; at + 8 <= page.byteLength; at += 8) yield { hi: view.getInt32(at), lo: view.getInt32(at + 4) };
};

/** A page as a set. */
export const idSetOf = (page: Uint8Array): IdSet => {
  const set = new IdSet();
  set.addPage(page);
  return set;
};

/** A page without some of its ids. */
export const withoutIds = (page: Uint8Array, out: Uint8Array): Uint8Array => {
  if (out.byteLength === 0) return page;
  const set = idSetOf(out);
  return appendIds(
    new Uint8Array(0),
    [...idsIn(page)].filter((id) => !set.has(id)),
  );
};

/** The page form of fingerprints: eight bytes each, big-endian, after those that are there. */
export const appendIds = (page: Uint8Array, added: readonly Fingerprint[]): Uint8Array => {
  const ids = new Uint8Array(page.byteLength + added.length * 8);
  ids.set(page);
  let at = page.byteLength;
  for (const { hi, lo } of added) {
    // By bytes: a view for so few numbers takes longer than they do.
    ids[at] = hi >>> 24;
    ids[at + 1] = hi >>> 16;
    ids[at + 2] = hi >>> 8;
    ids[at + 3] = hi;
    ids[at + 4] = lo >>> 24;
    ids[at + 5] = lo >>> 16;
    ids[at + 6] = lo >>> 8;
    ids[at + 7] = lo;
    at += 8;
  }
  return ids;
};
