import * as fc from "fast-check";
import type { IncomingRecord, UsageArchiveReader, UsageChunks } from "../ports.ts";

// What consumers and voids are put through together: any order of their store operations, with lost requests and replies.

/** Events counted by a consumer, and events voided, by their numbers. */
export const stepsOf = (limits: { readonly events: number; readonly atOnce: number; readonly steps: number }) =>
  fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant("count" as const),
        ids: fc.array(fc.nat({ max: limits.events }), { minLength: 1, maxLength: limits.atOnce }),
      }),
      fc.record({ kind: fc.constant("void" as const), id: fc.nat({ max: limits.events }) }),
    ),
    { minLength: 3, maxLength: limits.steps },
  );

type Mishap = "none" | "before" | "after";

/** What becomes of the first store operations, one by one: nothing, a lost request, a lost reply. */
export const mishapsOf: fc.Arbitrary<readonly Mishap[]> = fc.oneof(
  fc.constant([]),
  fc.array(fc.constantFrom<Mishap>("none", "none", "none", "none", "before", "after"), {
    minLength: 60,
    maxLength: 60,
  }),
);

/** A store whose operations wait for the scheduler, and of which some are lost. */
export const disturbed = (store: UsageChunks, scheduler: fc.Scheduler, mishaps: readonly Mishap[]): UsageChunks => {
  let operation = 0;
  const through = async <T>(work: () => Promise<T>): Promise<T> => {
    const happens = mishaps[operation++] ?? "none";
    await scheduler.schedule(Promise.resolve());
    if (happens === "before") throw new Error("The request was lost.");
    const result = await work();
    if (happens === "after") throw new Error("The reply was lost.");
    await scheduler.schedule(Promise.resolve());
    return result;
  };
  return {
    heads: (keys, latest) => through(() => store.heads(keys, latest)),
    sealed: (key, from, to) => through(() => store.sealed(key, from, to)),
    seal: (key, page, ids) => through(() => store.seal(key, page, ids)),
    save: (key, head, closed) => through(() => store.save(key, head, closed)),
  };
};

/** The archive of these events, each in the hour of its arrival. With a scheduler, reading it takes turns like all else. */
export const archiveOf =
  (recordOf: (n: number) => IncomingRecord) =>
  (archived: ReadonlySet<number>, scheduler?: fc.Scheduler): UsageArchiveReader => ({
    async *records(of) {
      await scheduler?.schedule(Promise.resolve());
      for (const n of archived) {
        const record = recordOf(n);
        if (Math.floor(record.arrivedAt / 3_600_000) === of) yield [record];
      }
      await scheduler?.schedule(Promise.resolve());
    },
  });

/** A clock that stands, no waiting, no chance. */
export const idleAt = (at: number) => ({
  clock: () => new Date(at),
  sleep: async () => undefined,
  random: () => 0.5,
});
