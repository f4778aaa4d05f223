import { allTotals, type ChunkKey, type Head } from "../pages.ts";
import { withoutIds } from "../id-set.ts";
import type { PeriodKind } from "../period.ts";
import type { Marks, RollUp, SeriesStore, UsageChunks, UsageRollUps, UsageTotals } from "../ports.ts";
import { metricOf } from "../series.ts";

/** What the in-memory store holds, for a test to look at. */
export type MemoryChunks = UsageChunks &
  UsageTotals & {
    readonly stored: Map<string, { readonly key: ChunkKey; head: Head }>;
    readonly pages: Map<string, Uint8Array>;
    readonly rolling: UsageRollUps;
  };

const nameOf = ({ tenantId, hour, series = "" }: ChunkKey) => `${tenantId}/${hour}/${series}`;

/**
 * Chunks in memory.
 *
 * @param options.unconditional writes heads whatever the stored version: the fault that the tests must be able to see
 */
export const memoryChunks = (options: { readonly unconditional?: boolean } = {}): MemoryChunks => {
  const stored = new Map<string, { readonly key: ChunkKey; head: Head }>();
  const pages = new Map<string, Uint8Array>();
  const marked = new Map<string, Marks & { readonly kind: PeriodKind; readonly tenantId: string }>();
  const rolled = new Map<string, RollUp & { readonly kind: PeriodKind; readonly owner: string }>();

  const sealed = (key: ChunkKey, from: number, to: number): Uint8Array[] =>
    Array.from({ length: to - from }, (_, n) => pages.get(`${nameOf(key)}/${from + n}`) ?? new Uint8Array(0));
  const inOrder = (tenantId: string, from: number, to: number) =>
    [...stored.values()]
      .filter(({ key }) => key.tenantId === tenantId && key.hour >= from && key.hour < to)
      .toSorted((a, b) => a.key.hour - b.key.hour);

  return {
    stored,
    pages,
    heads: async (keys) => keys.map((key) => stored.get(nameOf(key))?.head ?? null),
    sealed: async (key, from, to) => sealed(key, from, to),
    seal: async (key, page, ids) => void pages.set(`${nameOf(key)}/${page}`, ids),
    save: async (key, head, closed) => {
      const current = stored.get(nameOf(key))?.head ?? null;
      if (!options.unconditional && (current?.version ?? 0) !== head.version - 1) return { saved: false, current };
      stored.set(nameOf(key), { key, head });
      for (const { kind, from } of closed) {
        const name = `${key.tenantId}/${kind}/${from}`;
        const before = marked.get(name);
        const marks = (before?.marks ?? 0) + 1;
        marked.set(name, { tenantId: key.tenantId, kind, from, rolled: before?.rolled, marks });
      }
      return { saved: true };
    },
    hours: async (tenantId, from, to) =>
      inOrder(tenantId, from, to)
        .filter(({ key }) => key.series === undefined)
        .map(({ key, head }) => ({ hour: key.hour, totals: allTotals(head) })),
    users: async (tenantId, metric, from, to) =>
      inOrder(tenantId, from, to).flatMap(({ key, head }) => {
        const { series } = key;
        if (series === undefined || metricOf(series) !== metric) return [];
        const ids = async () => [...sealed(key, 0, head.page), head.ids].map((page) => withoutIds(page, head.voids));
        return [{ hour: key.hour, series, count: head.totals[series]?.count ?? 0, ids }];
      }),
    marks: async (tenantId, kind, from, to) =>
      [...marked.values()].filter(
        (each) => each.tenantId === tenantId && each.kind === kind && each.from >= from && each.from < to,
      ),
    rollUps: async (tenantId, metric, kind, from, to) =>
      [...rolled.values()].filter(
        (each) => each.owner === `${tenantId}/${metric}` && each.kind === kind && each.from >= from && each.from < to,
      ),
    rolling: {
      save: async (tenantId, { kind, from }, marks, totals) => {
        for (const [metric, ofMeter] of totals) {
          const owner = `${tenantId}/${metric}`;
          const name = `${owner}/${kind}/${from}`;
          if ((rolled.get(name)?.marks ?? 0) <= marks) rolled.set(name, { owner, kind, from, marks, totals: ofMeter });
        }
        const name = `${tenantId}/${kind}/${from}`;
        const before = marked.get(name);
        if ((before?.marks ?? 0) !== marks) return false;
        marked.set(name, { tenantId, kind, from, marks, rolled: marks });
        return true;
      },
    },
  };
};

/** Series in memory. */
export const memorySeries = (): SeriesStore => {
  const stored = new Map<string, { readonly version: number; readonly series: readonly string[] }>();
  return {
    get: async (tenantId, month) => stored.get(`${tenantId}/${month}`) ?? { version: 0, series: [] },
    save: async (tenantId, month, admitted) => {
      const name = `${tenantId}/${month}`;
      if ((stored.get(name)?.version ?? 0) !== admitted.version - 1) return false;
      stored.set(name, admitted);
      return true;
    },
  };
};
