import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sortBatch } from "./batch.ts";
import { chunkWriter } from "./chunk-writer.ts";
import { fingerprint } from "./fingerprint.ts";
import { meterTable, shippedMeters } from "./meters.ts";
import type { ChunkKey, Counted } from "./pages.ts";
import type { IncomingRecord } from "./ports.ts";
import { archiveOf, disturbed, idleAt, mishapsOf, stepsOf } from "./testing/interleaved.ts";
import { memoryChunks } from "./testing/memory-chunks.ts";
import { joinUsers } from "./users.ts";
import { type UsersVoid, voidUsers } from "./void-users.ts";

const tenantId = "ten_01JD0000000000000000000000";
const hour = 490_000;
const metric = "active_users";
const chunk: ChunkKey = { tenantId, hour, series: metric };
const at = (minute: number) => hour * 3_600_000 + minute * 60_000;
const meters = meterTable(shippedMeters);
const { number = 0 } = meters.get(metric) ?? {};

const userOf = (n: number) => `user-${n % 3}`;

/** Event `n` in the archive. Some arrived hours late. */
const recordOf = (n: number): IncomingRecord => ({
  position: `shard:${n}`,
  partitionKey: tenantId,
  arrivedAt: at(n % 3 === 0 ? 5 : 60 * n),
  data: "",
  text: JSON.stringify({
    tenant_id: tenantId,
    metric,
    timestamp: new Date(at(n % 4)).toISOString(),
    id: `event-${n}`,
    user_id: userOf(n),
  }),
});

const eventsOf = (numbers: readonly number[]): Counted[] =>
  numbers.flatMap((n) => [
    ...(sortBatch([recordOf(n)], meters, 0)
      .tenants.get(tenantId)
      ?.chunks.get(`${hour} ${metric}`)?.events ?? []),
  ]);

const archive = archiveOf(recordOf);
const idle = idleAt(at(0));
const requestOf = (n: number): UsersVoid => ({
  tenantId,
  hour,
  metric,
  ids: [fingerprint(`event-${n}`, number)],
});
const naive = (numbers: readonly number[], voided: readonly number[]): number =>
  new Set(numbers.filter((n) => !voided.includes(n)).map(userOf)).size;

type Store = ReturnType<typeof memoryChunks>;
const usersIn = async (store: Store): Promise<number> => {
  const counts = await joinUsers(await store.users(tenantId, metric, hour, hour + 1), []);
  // Joined by their ids, which must say the same as the number that is kept.
  const ids = await Promise.all((await store.users(tenantId, metric, hour, hour + 1)).map((each) => each.ids()));
  expect(ids.flat().reduce((sum, page) => sum + page.byteLength / 8, 0)).toBe(counts.get(metric) ?? 0);
  return counts.get(metric) ?? 0;
};
const voiding = (store: Store, archived: readonly number[]) =>
  voidUsers({ chunks: store, totals: store, archive: archive(new Set(archived)), ...idle });
const consume = async (writer: ReturnType<typeof chunkWriter>, numbers: readonly number[]) => {
  await writer.prepare([chunk]);
  return writer.count(chunk, eventsOf(numbers));
};

describe("one void", () => {
  test("takes a user out with his last event only, who comes back with another, and not with the voided one", async () => {
    const store = memoryChunks();
    const warm = chunkWriter({ chunks: store, ...idle });
    await consume(warm, [0, 3, 1]);
    const archived = [0, 3, 1];
    const voids = voiding(store, archived);
    await voids.apply(requestOf(0), 3, meters);
    expect(await usersIn(store)).toBe(2);
    expect(await voids.look(requestOf(0), meters)).toEqual({ state: "voided" });
    await voids.apply(requestOf(3), 3, meters);
    expect(await usersIn(store)).toBe(1);
    // A consumer that has known the user all along.
    expect(await consume(warm, [0, 3])).toEqual({ counted: 0, duplicates: 2 });
    expect(await usersIn(store)).toBe(1);
    expect(await consume(warm, [0, 6])).toEqual({ counted: 1, duplicates: 1 });
    expect(await usersIn(store)).toBe(2);
  });

  test("of the only user leaves none, and that of an unknown event is unknown", async () => {
    const store = memoryChunks();
    await consume(chunkWriter({ chunks: store, ...idle }), [1]);
    const voids = voiding(store, [1]);
    expect(await voids.look(requestOf(4), meters)).toEqual({ state: "unknown" });
    await expect(voids.apply(requestOf(4), 3, meters)).rejects.toThrow("not there");
    expect(await voids.look(requestOf(1), meters)).toEqual({ state: "counted" });
    await voids.apply(requestOf(1), 3, meters);
    expect(await usersIn(store)).toBe(0);
  });
});

/** Consumers and voids in any order that their store operations allow, with crashes; then the voids that failed once more. */
const isExact = () =>
  fc.asyncProperty(
    fc.scheduler(),
    stepsOf({ events: 8, atOnce: 4, steps: 9 }),
    mishapsOf,
    fc.constantFrom({ full: 1, most: 2 }, { full: 50, most: 60 }),
    async (scheduler, steps, mishaps, limits) => {
      const store = memoryChunks();
      const archived = new Set<number>();
      const chunks = disturbed(store, scheduler, mishaps);
      const options = { limits, attempts: 1000 };
      const writers = [0, 1].map(() => chunkWriter({ chunks, ...idle }, options));
      /** The voids, and whether they were applied: these are not tried again. */
      const begun = new Map<number, boolean>();
      await scheduler.waitFor(
        Promise.all(
          steps.map(async (each, n) => {
            // Some begin when others are done.
            for (let turn = 0; turn < n * 12; turn++) await scheduler.schedule(Promise.resolve());
            const writer = writers[n % 2];
            if (each.kind === "count" && writer !== undefined) {
              for (const id of each.ids) archived.add(id);
              // What fails is delivered again.
              for (let again = 0; again < 90; again++)
                if (
                  await consume(writer, each.ids).then(
                    () => true,
                    () => false,
                  )
                )
                  break;
            } else if (each.kind === "void") {
              const voids = voidUsers({ chunks, totals: store, archive: archive(archived, scheduler), ...idle });
              const isDone = await voids.apply(requestOf(each.id), 3, meters).then(
                () => true,
                () => false,
              );
              begun.set(each.id, isDone || begun.get(each.id) === true);
            }
          }),
        ),
      );
      const voids = voiding(store, [...archived]);
      const voided = [...begun.keys()].filter((id) => archived.has(id));
      for (const id of voided) if (begun.get(id) === false) await voids.apply(requestOf(id), 3, meters);
      expect(await usersIn(store)).toBe(naive([...archived], voided));
    },
  );

describe("voids of users beside consumers in any interleaving, with lost requests, lost replies and crashes", () => {
  test("come to the users who have another event, exactly", async () => {
    await expect(fc.assert(isExact(), { numRuns: 500 })).resolves.toBeUndefined();
  });

  test("would not if consumers trusted what they know", async () => {
    const store = memoryChunks();
    // Whoever asks for the latest head gets none, and goes on with the one that is known.
    const trusting = { ...store, heads: async (keys: readonly ChunkKey[]) => keys.map(() => null) };
    const warm = chunkWriter({ chunks: trusting, ...idle });
    await consume(warm, [0]);
    await voiding(store, [0]).apply(requestOf(0), 3, meters);
    await consume(warm, [3]);
    expect(await usersIn(store)).not.toBe(naive([0, 3], [0]));
    await consume(chunkWriter({ chunks: store, ...idle }), [3]);
    expect(await usersIn(store)).toBe(naive([0, 3], [0]));
  });
});
