import { addMonths, endOf, hoursOf, type Month, monthOf } from "../billing/month.ts";
import { parseMicros } from "../billing/quantity.ts";
import { dayMs, hourMs } from "../usage/accept.ts";
import type { Aggregation } from "../usage/meters.ts";
import type { CursorKey } from "./cursor.ts";
import type { Exporter, ExportPorts } from "./ports.ts";
import type { ExportTarget } from "./settings.ts";

/** Usage comes up to 35 days late: two months back nothing changes any more. */
const months = 2;

/** Stripe takes what lies 35 days back; a day is left for clocks and for tries. */
const backdateMs = 34 * dayMs;

/**
 * How a meter is exported. Neither side takes anything back, so only what never falls can go out while its month runs:
 * `grows` is sent as what has been added since, and adds up to the month's value. `settles` may rise and fall until the
 * month is over, and is sent then, as one value.
 */
const courses: Readonly<Record<Aggregation, "grows" | "settles">> = {
  sum: "grows",
  count: "grows",
  max: "grows",
  unique: "grows",
  min: "settles",
  latest: "settles",
  time_weighted_average: "settles",
};

/**
 * Hours after a month's end at which the value of a meter that `settles` goes out: late enough for what producers still
 * hold, and early enough for Stripe, whose invoices wait 72 hours at most. What rises later is sent as it comes.
 */
export const settlingHours = 24;

type Subject = {
  readonly sink: Exporter["sink"];
  readonly key: CursorKey;
  readonly target: ExportTarget;
};

/**
 * The whole units to export that each month has come to: the running month and those that may still change.
 *
 * @param hour hours since 1970: usage up to it, exclusive
 * @param settled likewise: months that ended by then have the value of a meter that settles; the others have none
 */
export const unitsByMonth = async (
  ports: Pick<ExportPorts, "readUsage">,
  { sink, key, target }: Subject,
  now: Date,
  { hour, settled }: { readonly hour: number; readonly settled: number },
): Promise<ReadonlyMap<Month, bigint>> => {
  const running = monthOf(now);
  const all = Array.from({ length: months + 1 }, (_, back) => addMonths(running, -back)).filter(
    (month) => !sink.backdates || endOf(month).getTime() > now.getTime() - backdateMs,
  );
  const read = await Promise.all(
    all.map(async (month) => {
      const { from, to } = hoursOf(month);
      const range = { from, to: Math.min(to, hour) };
      if (range.to <= range.from) return [month, 0n] as const;
      const query = { tenantId: key.tenantId, metric: key.meter, range, window: "month" as const, groupBy: [] };
      const { meter, groups } = await ports.readUsage(query);
      if (courses[meter.aggregation] === "settles" && to > settled) return [month, 0n] as const;
      // One group with one bucket: the month as far as the range goes.
      const micros = groups
        .flatMap(({ buckets }) => buckets)
        .reduce((total, { value }) => total + parseMicros(value), 0n);
      return [month, micros > 0n ? micros / parseMicros(target.per) : 0n] as const;
    }),
  );
  return new Map(read);
};

/** The hour that an instant falls into, since 1970. */
export const hourAt = (at: Date | string): number => Math.floor(new Date(at).getTime() / hourMs);
