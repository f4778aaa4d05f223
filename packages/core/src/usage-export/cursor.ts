import { z } from "zod";
import type { ExporterName } from "./settings.ts";

const Units = z.string().regex(/^\d+$/);
const ByMonth = z.record(z.string(), Units);

/** Something that is being sent: written before it goes out, so that whoever takes over sends the very same again. */
export const Pending = z.strictObject({
  id: z.string(),
  /** When the usage was, in milliseconds since 1970: what the record says. */
  at: z.int(),
  /** When it was written down, in milliseconds since 1970. */
  since: z.int(),
  /** Whole units by the month they were used in. */
  units: ByMonth,
});
export type Pending = z.infer<typeof Pending>;

/** What was exported of a tenant's meter. Changed on the condition of its version. */
export const ExportCursor = z.strictObject({
  version: z.int().min(0),
  /** Whole units that were taken, by the month they were used in. */
  exported: ByMonth,
  /** Of the last record that was taken; 0 before the first. */
  last_at: z.int(),
  pending: Pending.nullable(),
});
export type ExportCursor = z.infer<typeof ExportCursor>;

export type CursorKey = { readonly exporter: ExporterName; readonly tenantId: string; readonly meter: string };

const sum = (units: Readonly<Record<string, string>>): bigint =>
  Object.values(units).reduce((total, one) => total + BigInt(one), 0n);

/** How many units a pending record is about. */
export const unitsOf = ({ units }: Pending): bigint => sum(units);

/** The cursor once its record was taken. */
export const taken = (cursor: ExportCursor): ExportCursor => {
  const { pending, exported } = cursor;
  if (pending === null) return cursor;
  const added = Object.entries(pending.units).map(
    ([month, units]) => [month, (BigInt(exported[month] ?? "0") + BigInt(units)).toString()] as const,
  );
  return { ...cursor, exported: { ...exported, ...Object.fromEntries(added) }, last_at: pending.at, pending: null };
};

/**
 * What is still to be exported of each month: what it has come to less what was taken. Usage that was corrected to less
 * than what was taken is not taken back, as neither side can do so; later usage of the month fills the gap.
 */
export const missing = (
  exported: Readonly<Record<string, string>>,
  used: ReadonlyMap<string, bigint>,
): ReadonlyMap<string, bigint> =>
  new Map(
    [...used].flatMap(([month, units]) => {
      const rest = units - BigInt(exported[month] ?? "0");
      return rest > 0n ? [[month, rest] as const] : [];
    }),
  );
