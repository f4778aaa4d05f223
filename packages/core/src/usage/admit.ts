import type { MeterTable } from "./meters.ts";
import type { Admitted, SeriesStore } from "./ports.ts";
import { heaviest, metricOf, weightOf } from "./series.ts";

export type AdmitPorts = {
  readonly store: SeriesStore;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: () => number;
};

/** Which of these series the tenant may not use in this month. `month` is its first hour. */
export type Admit = (
  tenantId: string,
  month: number,
  wanted: ReadonlySet<string>,
  meters: MeterTable,
) => Promise<ReadonlySet<string>>;

const attempts = 12;
const keepAtMost = 20_000;

/**
 * Admits combinations of dimension values, as many as the meter allows a tenant in a month. Whether one is admitted is
 * written before an event of it counts, so that whoever meets the event again decides alike.
 */
export const admitSeries = ({ store, sleep, random }: AdmitPorts): Admit => {
  // What was admitted once stays so; what was not is looked up again, for the limit may have been raised.
  const known = new Map<string, ReadonlySet<string>>();
  return async (tenantId, month, wanted, meters) => {
    const name = `${tenantId}/${month}`;
    for (let attempt = 1; ; attempt++) {
      const isKnown = known.get(name);
      if (isKnown !== undefined && wanted.isSubsetOf(isKnown)) return new Set();
      const stored = await store.get(tenantId, month);
      const { admitted, refused } = decide(stored, wanted, meters);
      if (admitted.version === stored.version || (await store.save(tenantId, month, admitted))) {
        if (known.size >= keepAtMost) known.clear();
        known.set(name, new Set(admitted.series));
        return refused;
      }
      if (attempt === attempts) throw new Error(`Lost ${attempts} races for the series of ${name}.`);
      await sleep(random() * Math.min(1000, 5 * 2 ** attempt));
    }
  };
};

/** Admits what there is room for, in the order given. Pure. */
export const decide = (
  stored: Admitted,
  wanted: ReadonlySet<string>,
  meters: MeterTable,
): { readonly admitted: Admitted; readonly refused: ReadonlySet<string> } => {
  const series = new Set(stored.series);
  const refused = new Set<string>();
  const counts = new Map<string, number>();
  let weight = 0;
  for (const each of series) {
    const metric = metricOf(each);
    counts.set(metric, (counts.get(metric) ?? 0) + 1);
    const meter = meters.get(metric);
    if (meter !== undefined) weight += weightOf(each, meter);
  }
  for (const each of wanted) {
    if (series.has(each)) continue;
    const metric = metricOf(each);
    const meter = meters.get(metric);
    const count = counts.get(metric) ?? 0;
    const heavier = meter === undefined ? Number.POSITIVE_INFINITY : weight + weightOf(each, meter);
    if (meter === undefined || count >= meter.cardinality_limit || heavier > heaviest) {
      refused.add(each);
      continue;
    }
    series.add(each);
    counts.set(metric, count + 1);
    weight = heavier;
  }
  const grew = series.size > stored.series.length;
  return { admitted: grew ? { version: stored.version + 1, series: [...series] } : stored, refused };
};
