import { z } from "zod";
import { TenantId } from "../ids.ts";
import type { Commit, Page, PageRequest } from "../ports.ts";
import { Instant } from "../time.ts";
import { type Correction, AdjustmentId } from "./correction.ts";
import { MeterName } from "./meters.ts";

export const adjustmentTypes = ["adjust", "void"] as const;

/** A correction as it is asked for and listed. What belongs to the other type is null. */
export const Adjustment = z.strictObject({
  id: AdjustmentId,
  type: z.enum(adjustmentTypes),
  tenant_id: TenantId,
  metric: MeterName,
  timestamp: Instant,
  /** Of `adjust`: what is added, an exact decimal that may be negative. */
  value: z.string().nullable(),
  dimensions: z.record(z.string(), z.string()).nullable(),
  /** Of `void`: the event's id, or that of an adjustment. */
  event_id: z.string().nullable(),
  reason: z.string(),
  author: z.string(),
  /** `pending` until the totals have it. */
  status: z.enum(["pending", "applied"]),
  created_at: Instant,
  applied_at: Instant.nullable(),
});
export type Adjustment = Readonly<z.infer<typeof Adjustment>>;

/** As it goes into the archive and the chunk. */
export const correctionOf = (adjustment: Adjustment): Correction => {
  const { id, tenant_id, metric, timestamp, reason, author, value, dimensions, event_id } = adjustment;
  const common = { adjustment_id: id, tenant_id, metric, timestamp, reason, author };
  return adjustment.type === "adjust"
    ? { type: "adjust", ...common, value: value ?? "0", dimensions: dimensions ?? {} }
    : { type: "void", ...common, event_id: event_id ?? "" };
};

/** Corrections on record. */
export interface Adjustments {
  /**
   * Writes a pending adjustment.
   *
   * @param claims what no other adjustment may claim: the event that is voided, the request that asks for it
   * @returns false and writes nothing when one of them is claimed
   */
  create(adjustment: Adjustment, claims: readonly string[], commit: Commit): Promise<boolean>;
  /** The adjustment that claimed it. */
  claimedBy(claim: string): Promise<Adjustment | null>;
  get(id: string): Promise<Adjustment | null>;
  /** The newest first. */
  list(filter: { readonly tenantId?: string | undefined }, page: PageRequest): Promise<Page<Adjustment>>;
  /** Those that wait to be applied, the newest first, up to `most`. */
  pending(most: number): Promise<readonly Adjustment[]>;
  /** Idempotent. */
  applied(id: string, at: string): Promise<void>;
}
