import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sortBatch } from "./batch.ts";
import { chunkWriter } from "./chunk-writer.ts";
import { foldEvents, type Totals } from "./fold.ts";
import { meterTable, shippedMeters } from "./meters.ts";
import type { ChunkKey, Counted } from "./pages.ts";
import type { IncomingRecord } from "./ports.ts";
import { archiveOf, disturbed, idleAt, mishapsOf, stepsOf } from "./testing/interleaved.ts";
import { memoryChunks } from "./testing/memory-chunks.ts";
import { voidEvents } from "./void-events.ts";

const tenantId = "ten_01JD0000000000000000000000";
const hour = 490_000;
const chunk: ChunkKey = { tenantId, hour };
const at = (minute: number) => hour * 3_600_000 + minute * 60_000;

const plain = { unit: "one", decimals: 6, dimensions: [], cardinality_limit: 10 };
const meters = meterTable([
  ...shippedMeters,
  { ...plain, name: "peak", aggregation: "max" },
  { ...plain, name: "lowest", aggregation: "min" },
  { ...plain, name: "level", aggregation: "latest" },
  { ...plain, name: "visits", aggregation: "count" },
]);
const names = ["peak", "lowest", "level", "storage_gb", "api_calls", "visits"];

/** Event `n` in the archive. Some arrived hours late. */
const recordOf = (n: number): IncomingRecord => {
  const text = JSON.stringify({
    tenant_id: tenantId,
    metric: names[n % names.length],
    value: (n * 7) % 11,
    timestamp: new Date(at(n % 4)).toISOString(),
    id: `event-${n}`,
  });
  return { position: `shard:${n}`, partitionKey: tenantId, arrivedAt: at(n % 3 === 0 ? 5 : 60 * n), data: "", text };
};

const eventOf = (n: number): Counted => {
  const event = sortBatch([recordOf(n)], meters, 0)
    .tenants.get(tenantId)
    ?.chunks.get(hour)?.events[0];
  if (event === undefined) throw new Error("The event was not taken.");
  return event;
};
const events = (numbers: readonly number[]) => numbers.map(eventOf);

const naive = (numbers: readonly number[], voided: readonly number[]): Totals =>
  foldEvents({}, events([...new Set(numbers)].filter((n) => !voided.includes(n))));

const archive = archiveOf(recordOf);
const idle = idleAt(at(0));
const requestOf = (n: number) => ({ key: chunk, ids: [eventOf(n)], arrival: 3 });

describe("one void", () => {
  const numbers = Array.from({ length: 23 }, (_, n) => n);
  const count = async () => {
    const store = memoryChunks();
    const limits = { full: 3, most: 5 };
    await chunkWriter({ chunks: store, ...idle }, { limits }).count(chunk, events(numbers));
    return { store, limits };
  };

  test("takes the event out, whatever the meter, and keeps it out", async () => {
    for (const n of numbers) {
      const { store, limits } = await count();
      const voids = voidEvents({ chunks: store, archive: archive(new Set(numbers)), ...idle });
      const marked = await voids.mark(requestOf(n));
      if (marked === null) throw new Error("The event is known.");
      // Until the chunk is folded anew, readers see what was there.
      expect((await store.hours(tenantId, hour, hour + 1))[0]?.totals).toEqual(naive(numbers, []));
      await voids.settle(chunk, marked, meters);
      expect((await store.hours(tenantId, hour, hour + 1))[0]?.totals).toEqual(naive(numbers, [n]));
      const again = chunkWriter({ chunks: store, ...idle }, { limits });
      expect(await again.count(chunk, events([...numbers, 30]))).toEqual({ counted: 1, duplicates: 23 });
      expect((await store.hours(tenantId, hour, hour + 1))[0]?.totals).toEqual(naive([...numbers, 30], [n]));
      expect(await voids.look(requestOf(n))).toEqual({ state: "voided" });
    }
  });

  test("of an unknown event does nothing", async () => {
    const { store } = await count();
    const voids = voidEvents({ chunks: store, archive: archive(new Set(numbers)), ...idle });
    expect(await voids.look(requestOf(99))).toEqual({ state: "unknown" });
    expect(await voids.mark(requestOf(99))).toBeNull();
    expect(await voids.mark({ ...requestOf(1), key: { tenantId, hour: hour + 1 } })).toBeNull();
  });

  test("replaces nothing when the archive lacks an event", async () => {
    const { store } = await count();
    const voids = voidEvents({ chunks: store, archive: archive(new Set(numbers.slice(1))), ...idle });
    const marked = await voids.mark(requestOf(4));
    if (marked === null) throw new Error("The event is known.");
    await expect(voids.settle(chunk, marked, meters)).rejects.toThrow("Of 22 events");
    expect((await store.hours(tenantId, hour, hour + 1))[0]?.totals).toEqual(naive(numbers, []));
  });
});

/** Consumers and voids in any order that their store operations allow, with crashes; then each once more, undisturbed. */
const isExact = (unconditional: boolean) =>
  fc.asyncProperty(
    fc.scheduler(),
    stepsOf({ events: 14, atOnce: 8, steps: 8 }),
    mishapsOf,
    fc.constantFrom({ full: 1, most: 2 }, { full: 2, most: 4 }, { full: 50, most: 60 }),
    async (scheduler, steps, mishaps, limits) => {
      const store = memoryChunks({ unconditional });
      const archived = new Set<number>();
      const chunks = disturbed(store, scheduler, mishaps);
      const options = { limits, attempts: 1000 };
      const writers = [0, 1].map(() => chunkWriter({ chunks, ...idle }, options));
      const accepted = new Set<number>();
      const doVoid = async (voids: ReturnType<typeof voidEvents>, id: number) => {
        const marked = await voids.mark(requestOf(id));
        if (marked === null) return;
        await voids.settle(chunk, marked, meters);
      };
      await scheduler.waitFor(
        Promise.all(
          steps.map(async (each, n) => {
            if (each.kind === "count") {
              for (const id of each.ids) archived.add(id);
              await writers[n % 2]?.count(chunk, events(each.ids)).catch(() => undefined);
            } else
              await doVoid(voidEvents({ chunks, archive: archive(archived, scheduler), ...idle }), each.id).catch(
                () => undefined,
              );
          }),
        ),
      );

      const settled = chunkWriter({ chunks: store, ...idle }, options);
      const voids = voidEvents({ chunks: store, archive: archive(archived), ...idle });
      const numbers = steps.flatMap((each) => (each.kind === "count" ? each.ids : []));
      for (const each of steps) if (each.kind === "count") await settled.count(chunk, events(each.ids));
      for (const each of steps)
        if (each.kind === "void") {
          if (numbers.includes(each.id)) accepted.add(each.id);
          await doVoid(voids, each.id);
        }
      await settled.count(chunk, events(numbers));
      const head = store.stored.get(`${tenantId}/${hour}/`)?.head;
      expect(head?.stale).toBeUndefined();
      expect(head?.totals ?? {}).toEqual(naive(numbers, [...accepted]));
    },
  );

describe("voids beside consumers in any interleaving, with lost requests, lost replies and crashes", () => {
  test("come to the naive fold without the voided, exactly", async () => {
    await expect(fc.assert(isExact(false), { numRuns: 500 })).resolves.toBeUndefined();
  });

  test("do not without the condition on the version: this test can fail", async () => {
    const verdict = await fc.check(isExact(true), { numRuns: 500 });
    expect(verdict.failed).toBe(true);
  });
});
