import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { newId } from "@tenantry/aws/new-id";
import { toItem } from "@tenantry/aws/usage-item";
import { chunkWriter } from "@tenantry/core/usage/chunk-writer";
import { fingerprint } from "@tenantry/core/usage/fingerprint";
import type { Counted, PageLimits } from "@tenantry/core/usage/pages";
import type { UsageChunks } from "@tenantry/core/usage/ports";
import { memoryChunks } from "@tenantry/core/usage/testing/memory-chunks";
import { zipf } from "./metering-trace.ts";

/** An item's size by DynamoDB's rules: names and values in UTF-8, numbers two digits a byte, three bytes a container and one an element. */
export const itemBytes = (item: Record<string, AttributeValue>): number =>
  Object.entries(item).reduce((bytes, [name, value]) => bytes + Buffer.byteLength(name) + valueBytes(value), 0);

const valueBytes = (value: AttributeValue): number => {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[.-]|0+$/g, "").length / 2) + 1;
  if (value.B !== undefined) return value.B.byteLength;
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  if (value.L !== undefined) return 3 + value.L.reduce((bytes, each) => bytes + 1 + valueBytes(each), 0);
  throw new Error("No such value is stored.");
};

const units = (bytes: number) => Math.ceil(bytes / 1024);

export type Spent = { readonly events: number; readonly write: number; readonly read: number };

/**
 * Counts the request units of a stretch of time, from each item's size. Tenants are drawn by Zipf's law; a batch is
 * what comes in within `window` seconds. Reads are those of one consumer that starts cold.
 */
export const unitsSpent = async (options: {
  readonly perSecond: number;
  readonly tenants: number;
  readonly window: number;
  readonly seconds: number;
  readonly limits?: PageLimits;
}): Promise<Spent> => {
  const { perSecond, tenants, window, seconds, limits } = options;
  const store = memoryChunks();
  let write = 0;
  let read = 0;
  const chunks: UsageChunks = {
    ...store,
    heads: async (keys, latest) => {
      read += (latest === true ? 1 : 0.5) * keys.length;
      return store.heads(keys, latest);
    },
    seal: async (key, page, ids) => {
      write += units(ids.byteLength + 100);
      await store.seal(key, page, ids);
    },
    save: async (key, head, closed) => {
      write += units(itemBytes(toItem(key, head)));
      return store.save(key, head, closed);
    },
  };
  const writer = chunkWriter(
    { chunks, clock: () => new Date(0), sleep: async () => undefined, random: Math.random },
    limits === undefined ? {} : { limits },
  );
  const ids = Array.from({ length: tenants }, () => newId("tenant"));
  const draw = zipf(tenants, Math.random);
  const size = perSecond * window;
  let events = 0;
  for (let batch = 0; batch < seconds / window; batch++) {
    const groups = new Map<number, Counted[]>();
    for (let n = 0; n < size; n++) {
      const tenant = draw();
      const event = {
        ...fingerprint(String(events++), 0),
        series: "api_calls",
        kind: "sum" as const,
        micros: 1_000_000,
        at: 0,
        arrival: 1,
      };
      const group = groups.get(tenant);
      if (group === undefined) groups.set(tenant, [event]);
      else group.push(event);
    }
    await writer.prepare([...groups.keys()].map((rank) => ({ tenantId: ids[rank] ?? "", hour: 500_000 })));
    for (const [rank, group] of groups) await writer.count({ tenantId: ids[rank] ?? "", hour: 500_000 }, group);
  }
  return { events, write, read };
};
