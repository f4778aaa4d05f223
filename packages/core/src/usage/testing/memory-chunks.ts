import type { ChunkKey, Head } from "../pages.ts";
import type { UsageChunks, UsageTotals } from "../ports.ts";

/** What the in-memory store holds, for a test to look at. */
export type MemoryChunks = UsageChunks &
  UsageTotals & {
    readonly stored: Map<string, { readonly key: ChunkKey; head: Head }>;
    readonly pages: Map<string, Uint8Array>;
  };

/**
 * Chunks in memory.
 *
 * @param options.unconditional writes heads whatever the stored version: the fault that the tests must be able to see
 */
export const memoryChunks = (options: { readonly unconditional?: boolean } = {}): MemoryChunks => {
  const stored = new Map<string, { readonly key: ChunkKey; head: Head }>();
  const pages = new Map<string, Uint8Array>();
  const nameOf = (key: ChunkKey) => `${key.tenantId}/${key.hour}`;
  return {
    stored,
    pages,
    heads: async (keys) => keys.map((key) => stored.get(nameOf(key))?.head ?? null),
    sealed: async (key, from, to) => {
      const found: Uint8Array[] = [];
      for (let page = from; page < to; page++) found.push(pages.get(`${nameOf(key)}/${page}`) ?? new Uint8Array(0));
      return found;
    },
    seal: async (key, page, ids) => void pages.set(`${nameOf(key)}/${page}`, ids),
    save: async (key, head) => {
      const current = stored.get(nameOf(key))?.head ?? null;
      if (!options.unconditional && (current?.version ?? 0) !== head.version - 1) return { saved: false, current };
      stored.set(nameOf(key), { key, head });
      return { saved: true };
    },
    hours: async (tenantId, from, to) =>
      [...stored.values()]
        .filter(({ key }) => key.tenantId === tenantId && key.hour >= from && key.hour < to)
        .map(({ key, head }) => ({ hour: key.hour, totals: head.totals }))
        .toSorted((a, b) => a.hour - b.hour),
  };
};
