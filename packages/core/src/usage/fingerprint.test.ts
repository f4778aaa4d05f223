import { expect, test } from "vitest";
import { fingerprint } from "./fingerprint.ts";
import { appendIds, IdSet } from "./id-set.ts";

const uuid = (n: number) => `018f3a5c-7b1e-7000-8000-${n.toString(16).padStart(12, "0")}`;

test.for([
  ["uuids that differ in a counter", uuid],
  ["bare numbers", String],
  ["stream positions", (n: number) => `shardId-000000000003:${49_590_338_271_490_256_608n + BigInt(n) * 16n}/1`],
] as const)("half a million %s stay apart, in each half about as chance has it", ([, make]) => {
  const ids = new IdSet();
  const high = new Set<number>();
  const low = new Set<number>();
  const count = 500_000;
  for (let n = 0; n < count; n++) {
    const id = fingerprint(make(n), "id", 0);
    ids.add(id);
    high.add(id.hi);
    low.add(id.lo);
  }
  expect(ids.size).toBe(count);
  // The birthday estimate for 32 bits is 29 repeats.
  expect(count - high.size).toBeLessThan(70);
  expect(count - low.size).toBeLessThan(70);
});

test("meter and kind are part of the identity", () => {
  const all = [0, 1, 2, 3].flatMap((meter) => [fingerprint("a", "id", meter), fingerprint("a", "position", meter)]);
  expect(new Set(all.map(({ hi, lo }) => `${hi}:${lo}`)).size).toBe(8);
  expect(fingerprint("a", "id", 0)).not.toEqual(fingerprint("a\u0000", "id", 0));
});

test("a page of ids comes back as it went", () => {
  const ids = Array.from({ length: 1000 }, (_, n) => fingerprint(uuid(n), "id", 1));
  const set = new IdSet();
  set.addPage(appendIds(appendIds(new Uint8Array(0), ids.slice(0, 400)), ids.slice(400)));
  expect(set.size).toBe(1000);
  expect(ids.every((id) => set.has(id))).toBe(true);
  expect(set.has(fingerprint(uuid(1000), "id", 1))).toBe(false);
});
