import type { Clock } from "../ports.ts";
import { type Adjustment, type Adjustments, correctionOf } from "./adjustment.ts";
import { arrivalOf } from "./arrivals.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import { adjustedEvent, chunkOf, correctionRecord, usersVoid, voidedIds } from "./correction.ts";
import type { MeterCatalog } from "./meter-catalog.ts";
import type { UsageArchive } from "./ports.ts";
import type { voidEvents } from "./void-events.ts";
import type { voidUsers } from "./void-users.ts";

export type ApplyPorts = {
  readonly adjustments: Pick<Adjustments, "applied">;
  readonly archive: UsageArchive;
  readonly writer: ChunkWriter;
  readonly voids: ReturnType<typeof voidEvents>;
  readonly users: ReturnType<typeof voidUsers>;
  readonly meters: MeterCatalog;
  readonly clock: Clock;
};

/**
 * Makes the totals follow an adjustment: first the archive has it, then the chunk, then it is on record as applied.
 * Each step may be done again, so whoever finds it pending begins anew.
 *
 * @throws Error when it could not be done now
 */
export const applyAdjustment =
  (ports: ApplyPorts) =>
  async (adjustment: Adjustment): Promise<Adjustment> => {
    const correction = correctionOf(adjustment);
    const key = chunkOf(correction);
    const arrivedAt = Date.parse(adjustment.created_at);
    const meters = await ports.meters.current();
    await ports.archive.put([correctionRecord(correction, arrivedAt)]);
    if (correction.type === "adjust") await ports.writer.count(key, [adjustedEvent(correction, meters, arrivedAt)]);
    else if (meters.get(correction.metric)?.aggregation === "unique")
      await ports.users.apply(usersVoid(correction, meters), arrivalOf(key.hour, arrivedAt), meters);
    else {
      const ids = voidedIds(correction, meters);
      const head = await ports.voids.mark({ key, ids, arrival: arrivalOf(key.hour, arrivedAt) });
      if (head === null) throw new Error(`The event that ${adjustment.id} voids is not there.`);
      await ports.voids.settle(key, head, meters);
    }
    const at = ports.clock().toISOString();
    await ports.adjustments.applied(adjustment.id, at);
    return { ...adjustment, status: "applied", applied_at: at };
  };

/** Applies what a request left pending: it died, or the archive took longer than the request may. */
export const applyPending =
  (ports: ApplyPorts & { readonly adjustments: Pick<Adjustments, "pending"> }) =>
  async (most: number): Promise<{ readonly applied: string[]; readonly failed: { id: string; error: unknown }[] }> => {
    const applied: string[] = [];
    const failed: { id: string; error: unknown }[] = [];
    // One after the other: several of one chunk would only be in each other's way.
    for (const adjustment of (await ports.adjustments.pending(most)).toReversed()) {
      try {
        await applyAdjustment(ports)(adjustment);
        applied.push(adjustment.id);
      } catch (error) {
        failed.push({ id: adjustment.id, error });
      }
    }
    return { applied, failed };
  };
