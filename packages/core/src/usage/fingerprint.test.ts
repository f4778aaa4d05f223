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
    const id = fingerprint(make(n), 0);
    ids.add(id);
    high.add(id.hi);
    low.add(id.lo);
  }
  expect(ids.size).toBe(count);
  // The birthday estimate for 32 bits is 29 repeats.
  expect(count - high.size).toBeLessThan(70);
  expect(count - low.size).toBeLessThan(70);
});

test("the meter, the line, and whether it is an id or a position are part of the identity", () => {
  const all = [0, 1, 2, 3].flatMap((meter) => [0, 1, 2, 3, 1000].map((line) => fingerprint("a", meter, line)));
  expect(new Set(all.map(({ hi, lo }) => `${hi}:${lo}`)).size).toBe(20);
  expect(fingerprint("a", 0)).not.toEqual(fingerprint("a\u0000", 0));
});

test("half a million lines of packed records stay apart", () => {
  const ids = new IdSet();
  for (let record = 0; record < 500; record++)
    for (let line = 1; line <= 1000; line++) ids.add(fingerprint(`shardId-000000000003:${record}`, 0, line));
  expect(ids.size).toBe(500_000);
});

test("a page of ids comes back as it went", () => {
  const ids = Array.from({ length: 1000 }, (_, n) => fingerprint(uuid(n), 1));
  const set = new IdSet();
  set.addPage(appendIds(appendIds(new Uint8Array(0), ids.slice(0, 400)), ids.slice(400)));
  expect(set.size).toBe(1000);
  expect(ids.every((id) => set.has(id))).toBe(true);
  expect(set.has(fingerprint(uuid(1000), 1))).toBe(false);
});
