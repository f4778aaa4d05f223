import { z } from "zod";
import { idOf, TenantId } from "../ids.ts";
import type { Commit, Page, PageRequest } from "../ports.ts";
import { Instant } from "../time.ts";
import { rejections } from "./event.ts";
import { inLineRanges, lineRanges } from "./line-ranges.ts";
import type { RejectedRecord } from "./ports.ts";

export const QuarantineId = idOf("quarantine");
export const quarantineStates = ["waiting", "redriven"] as const;
export type QuarantineState = (typeof quarantineStates)[number];

/** An attempt to count what was set aside. */
export const Redrive = z.strictObject({
  at: Instant,
  by: z.string(),
  /** Events that count since. */
  counted: z.int().min(0),
  /** Events that had been counted before. */
  duplicates: z.int().min(0),
  /** Events that are still not taken. */
  rejected: z.int().min(0),
});
export type Redrive = z.infer<typeof Redrive>;

/** A record of the stream of which some or all events could not be counted. */
export const QuarantineEntry = z.strictObject({
  id: QuarantineId,
  /** Of its first event that names one, else of the partition key; null where neither is a tenant's id. */
  tenant_id: TenantId.nullable(),
  partition_key: z.string(),
  /** Shard and sequence number. */
  position: z.string(),
  arrived_at: Instant,
  /** Bytes. */
  size: z.int().min(0),
  state: z.enum(quarantineStates),
  reasons: z.array(z.enum(rejections)),
  /** How many events are not counted. */
  events: z.int().min(0),
  /** The lines they stand in: `1-3,7`. */
  lines: z.string(),
  /** What is wrong with the first of them. */
  faults: z.array(z.strictObject({ line: z.int().min(1), reason: z.enum(rejections), detail: z.string() })),
  redrives: z.array(Redrive),
  created_at: Instant,
  updated_at: Instant,
});
export type QuarantineEntry = z.infer<typeof QuarantineEntry>;

/** The rest of the faults are in the stored object. */
const faultsTold = 20;

/** What an entry says of a record's faults. */
export const faultsOf = (faults: RejectedRecord["faults"]) => ({
  reasons: [...new Set(faults.map(({ reason }) => reason))],
  events: faults.length,
  lines: lineRanges(faults.map(({ line }) => line)),
  faults: faults.slice(0, faultsTold).map(({ line, reason, detail }) => ({ line, reason, detail })),
});

/** What is wrong with a record as a whole rather than with one of its events. */
const ofTheWhole: ReadonlySet<string> = new Set<string>([
  "empty",
  "truncated-gzip",
  "invalid-gzip",
  "too-large",
  "not-utf8",
  "not-json",
  "batch-failed",
] satisfies (typeof rejections)[number][]);

/** Whether an entry speaks of this line of its record. A record that could not be read at all has line 1 for all. */
export const isSetAside = (
  { events, lines, reasons }: Pick<QuarantineEntry, "events" | "lines" | "reasons">,
  line: number,
) => (events === 1 && lines === "1" && ofTheWhole.has(reasons[0] ?? "")) || inLineRanges(lines, line);

/** The entry of a record that is set aside for the first time. */
export const newEntry = (id: string, { record, faults }: RejectedRecord, at: string): QuarantineEntry => ({
  id,
  tenant_id: tenantOf({ record, faults }),
  partition_key: record.partitionKey,
  position: record.position,
  arrived_at: new Date(record.arrivedAt).toISOString(),
  size: sizeOf(record.data),
  state: "waiting",
  ...faultsOf(faults),
  redrives: [],
  created_at: at,
  updated_at: at,
});

/** Bytes that base64 stands for. */
const sizeOf = (data: string) =>
  Math.floor((data.length * 3) / 4) - (data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0);

/** Lines that are asked for a tenant; a record seldom has events of more than one. */
const linesAsked = 100;

const tenantOf = ({ record, faults }: RejectedRecord): string | null => {
  const lines = record.text?.split("\n") ?? [];
  // A record of one event is told as line 1, though its JSON may have several.
  const texts =
    faults.length === 1
      ? [record.text, lines[(faults[0]?.line ?? 1) - 1]]
      : faults.slice(0, linesAsked).map(({ line }) => lines[line - 1]);
  for (const text of texts) {
    const named = TenantId.safeParse(tenantIn(text ?? ""));
    if (named.success) return named.data;
  }
  const key = TenantId.safeParse(record.partitionKey);
  return key.success ? key.data : null;
};

const tenantIn = (text: string): unknown => {
  try {
    return (JSON.parse(text) as { tenant_id?: unknown } | null)?.tenant_id;
  } catch {
    return undefined;
  }
};

export type QuarantineFilter = {
  readonly tenantId?: string | undefined;
  readonly reason?: (typeof rejections)[number] | undefined;
  readonly state?: QuarantineState | undefined;
  /** `2026-11-20`: the day of arrival, UTC. */
  readonly day?: string | undefined;
};

/** A record as it was set aside; `data` is in base64. */
export type StoredRecord = {
  readonly position: string;
  readonly partition_key: string;
  /** In milliseconds. */
  readonly arrived_at: number;
  readonly data: string;
};

/** What was set aside: the list, and the records themselves. */
export interface QuarantineList {
  /** The newest arrival first. A page may hold fewer than asked for, even none, though there are more: see `next`. */
  list(filter: QuarantineFilter, page: PageRequest): Promise<Page<QuarantineEntry>>;
  get(id: string): Promise<QuarantineEntry | null>;
  /** The record itself. */
  record(id: string): Promise<StoredRecord | null>;
  /** Replaces an entry. Returns false and writes nothing if it is no longer as it was. */
  update(entry: QuarantineEntry, was: QuarantineEntry, commit: Commit): Promise<boolean>;
}
