import { z } from "zod";
import { Instant } from "../time.ts";
import { hourMs } from "./accept.ts";
import type { MeterCatalog } from "./meter-catalog.ts";
import { rebuildUsage, type RebuildPorts, type RebuildReport } from "./rebuild.ts";

/** A rebuild on its way: what is to be compared, and what came of it so far. */
export const RebuildJob = z.strictObject({
  tenant_id: z.string(),
  /** Whole hours. */
  from: Instant,
  to: Instant,
  full: z.boolean().default(false),
  /** Where to go on; null at the end, absent at the beginning. */
  next: Instant.nullish(),
  events: z.int().default(0),
  chunks: z.int().default(0),
  /** Chunks that differ and did not move meanwhile. */
  differences: z.int().default(0),
  unsettled: z.int().default(0),
  in_doubt: z.int().default(0),
  /** Where the reports of stretches with differences are. */
  reports: z.array(z.string()).default([]),
});
export type RebuildJob = z.infer<typeof RebuildJob>;

export type RebuildRangePorts = RebuildPorts & {
  readonly meters: MeterCatalog;
  /** Stores the report of a stretch and returns where. */
  readonly report: (run: string, report: RebuildReport) => Promise<string>;
};

/** Chunks whose ids one stretch holds in memory: a day. */
const stretch = 24;

/**
 * Rebuilds and compares a range, a day at a time, until `until`, and returns the job as it stands then. A day has a
 * report where anything differs.
 */
export const rebuildRange =
  (ports: RebuildRangePorts) =>
  async (job: RebuildJob, run: string, until: number): Promise<RebuildJob> => {
    const [from, to] = [job.from, job.to].map((at) => Math.floor(Date.parse(at) / hourMs)) as [number, number];
    if (!(from < to)) throw new Error("The range of a rebuild must not be empty.");
    const meters = await ports.meters.reread();
    const done = { ...job, reports: [...job.reports] };
    let at = job.next === undefined || job.next === null ? from : Math.floor(Date.parse(job.next) / hourMs);
    do {
      const range = { from: at, to: Math.min(to, (Math.floor(at / stretch) + 1) * stretch) };
      const report = await rebuildUsage(ports)(job.tenant_id, range, meters, job.full);
      const unsettled = report.differences.filter((each) => each.unsettled).length;
      done.events += report.events;
      done.chunks += report.chunks;
      done.unsettled += unsettled;
      done.differences += report.differences.length - unsettled;
      done.in_doubt += report.in_doubt.length;
      if (report.differences.length > 0) done.reports.push(await ports.report(run, report));
      at = range.to;
    } while (at < to && ports.clock().getTime() < until);
    return { ...done, next: at < to ? new Date(at * hourMs).toISOString() : null };
  };
