import type { Line } from "./usage.ts";

/** What one tenant has in the buffer, the oldest first. */
type Waiting = { readonly lines: Line[]; bytes: number };

/** The events of one record to be: of one tenant. */
export type Pack = { readonly tenant: string; readonly lines: readonly Line[]; readonly bytes: number };

/** One record holds this much before it is compressed. A consumer unpacks 32 MiB of one record, and AWS takes 1 MiB. */
export const packEvents = 1000;
export const packBytes = 256 * 1024;

/** What Kinesis takes in one PutRecords: 500 records and 5 MiB with their keys; newer streams take 10. */
const batchRecords = 500;
const batchBytes = 4 * 1024 * 1024;

/** Events in memory by tenant, so that those of one tenant go into one record. */
export const createBuffer = () => {
  const tenants = new Map<string, Waiting>();
  let events = 0;
  let bytes = 0;

  /** Takes from the oldest of one tenant as many as fit into a record. */
  const pack = (tenant: string, waiting: Waiting): Pack => {
    let count = 0;
    let size = 0;
    for (const line of waiting.lines) {
      if (count === packEvents || (count > 0 && size + line.bytes + 1 > packBytes)) break;
      size += line.bytes + 1;
      count++;
    }
    tenants.delete(tenant);
    const lines = waiting.lines.splice(0, count);
    waiting.bytes -= size;
    // What is left waits for its turn again behind the other tenants.
    if (waiting.lines.length > 0) tenants.set(tenant, waiting);
    return { tenant, lines, bytes: size };
  };

  return {
    get events() {
      return events;
    },
    get bytes() {
      return bytes;
    },
    add(line: Line): void {
      let waiting = tenants.get(line.tenant);
      if (waiting === undefined) tenants.set(line.tenant, (waiting = { lines: [], bytes: 0 }));
      waiting.lines.push(line);
      waiting.bytes += line.bytes + 1;
      events++;
      bytes += line.bytes + 1;
    },
    /** Takes what goes out next, beside records that already take up some of the request. */
    take(besides: { readonly records: number; readonly bytes: number }): Pack[] {
      const packs: Pack[] = [];
      let size = besides.bytes;
      while (packs.length + besides.records < batchRecords) {
        const [next] = tenants;
        if (next === undefined) break;
        if (size > 0 && size + Math.min(next[1].bytes, packBytes) > batchBytes) break;
        const taken = pack(...next);
        packs.push(taken);
        size += taken.bytes;
        events -= taken.lines.length;
        bytes -= taken.bytes;
      }
      return packs;
    },
  };
};
