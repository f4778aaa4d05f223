import { concurrently } from "./concurrently.ts";
import type { Totals } from "./fold.ts";
import { IdSet } from "./id-set.ts";
import type { Meter } from "./meters.ts";
import { periodsIn } from "./period.ts";
import { rolledTotals } from "./pieces.ts";
import type { UsageTotals, UserChunk } from "./ports.ts";
import { groupOf } from "./series.ts";
import type { HourRange, UsageWindow } from "./window.ts";

/** How many users each group has. */
export type UserCounts = ReadonlyMap<string, number>;

/** Where a roll-up of users keeps the number of a group: users of several series or hours cannot be added, only joined. */
export const userKey = (groupBy: readonly string[], group: string): string =>
  `${groupBy.toSorted().join(",")}/${group}`;

/** The users of each group, each once, over chunks of any hours and series. */
export const joinUsers = async (chunks: readonly UserChunk[], groupBy: readonly string[]): Promise<UserCounts> => {
  const groups = Map.groupBy(chunks, ({ series }) => groupOf(series, groupBy));
  const counts = new Map<string, number>();
  for (const [group, [only, ...others]] of groups) {
    if (only !== undefined && others.length === 0) counts.set(group, only.count);
    else if (only !== undefined) counts.set(group, (await idsOf([only, ...others])).size);
  }
  return counts;
};

/** Chunks whose pages are read at a time. */
const width = 16;

const idsOf = async (chunks: readonly UserChunk[]): Promise<IdSet> => {
  const users = new IdSet();
  const failures = await concurrently(chunks, width, async (chunk) => {
    const before = users.size;
    for (const page of await chunk.ids()) users.addPage(page);
    if (chunk.count > users.size) throw new Error(`The users of an hour lack a page, ${before} were known.`);
  });
  if (failures[0] !== undefined) throw failures[0].error;
  return users;
};

/** Every way to group by these names, none included. */
export const groupings = (names: readonly string[]): string[][] =>
  names.toSorted().reduce<string[][]>((all, name) => [...all, ...all.map((each) => [...each, name])], [[]]);

/** What a day or month of a `unique` meter rolls up to: the number of users for each way of grouping. */
export const rollUpUsers = async (chunks: readonly UserChunk[], meter: Meter): Promise<Totals> => {
  const totals: Record<string, Totals[string]> = {};
  for (const groupBy of groupings(meter.dimensions.map(({ name }) => name)))
    for (const [group, count] of await joinUsers(chunks, groupBy))
      totals[userKey(groupBy, group)] = { kind: "unique", count };
  return totals;
};

/**
 * How many users a `unique` meter had in each bucket: of closed days and months by their roll-ups, of all else by the
 * ids of its hours.
 */
export const readUsers = async (
  usage: UsageTotals,
  tenantId: string,
  metric: string,
  buckets: readonly HourRange[],
  window: UsageWindow,
  groupBy: readonly string[],
): Promise<UserCounts[]> => {
  const rolled = await readRolled(usage, tenantId, metric, buckets, window);
  const open = buckets.filter(({ from }) => !rolled.has(from));
  const chunks = await readChunks(usage, tenantId, metric, open);
  const counts: UserCounts[] = [];
  for (const bucket of buckets) {
    const totals = rolled.get(bucket.from);
    counts.push(
      totals === undefined
        ? await joinUsers(
            chunks.filter(({ hour }) => hour >= bucket.from && hour < bucket.to),
            groupBy,
          )
        : rolledCounts(totals, groupBy),
    );
  }
  return counts;
};

const rolledCounts = (totals: Totals, groupBy: readonly string[]): UserCounts => {
  const prefix = userKey(groupBy, "");
  return new Map(
    Object.entries(totals).flatMap(([key, { count }]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), count] as const] : [],
    ),
  );
};

/** Roll-ups by the start of the buckets that they answer. */
const readRolled = async (
  usage: UsageTotals,
  tenantId: string,
  metric: string,
  buckets: readonly HourRange[],
  window: UsageWindow,
): Promise<ReadonlyMap<number, Totals>> => {
  const rolled = new Map<number, Totals>();
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (window === "hour" || first === undefined || last === undefined) return rolled;
  const marks = new Map((await usage.marks(tenantId, window, first.from, last.to)).map((each) => [each.from, each]));
  const rollUps = new Map(
    (await usage.rollUps(tenantId, metric, window, first.from, last.to)).map((each) => [each.from, each]),
  );
  for (const { from } of periodsIn(window, { from: first.from, to: last.to })) {
    const totals = rolledTotals(marks.get(from), rollUps.get(from));
    if (totals !== undefined) rolled.set(from, totals);
  }
  return rolled;
};

/** The chunks of these buckets; buckets that follow on each other are one read. */
const readChunks = async (
  usage: UsageTotals,
  tenantId: string,
  metric: string,
  buckets: readonly HourRange[],
): Promise<UserChunk[]> => {
  const spans: { from: number; to: number }[] = [];
  for (const { from, to } of buckets) {
    const before = spans.at(-1);
    if (before?.to === from) before.to = to;
    else spans.push({ from, to });
  }
  const found = await Promise.all(spans.map(({ from, to }) => usage.users(tenantId, metric, from, to)));
  return found.flat();
};
