import { rebuildRange, RebuildJob } from "@tenantry/core/usage/rebuild-range";
import { log } from "@tenantry/lambda/log";
import { metric } from "@tenantry/lambda/metric";
import type { Context } from "aws-lambda";
import { rebuilding } from "./rebuild-app.ts";

/** As much of a rebuild as a third of the time limit allows; the state machine asks again for the rest. */
export const handler = async ({ job, run }: { job: unknown; run: string }, context: Context): Promise<RebuildJob> => {
  const given = RebuildJob.parse(job);
  const done = await rebuildRange(rebuilding)(given, run, Date.now() + context.getRemainingTimeInMillis() / 3);
  log(done.differences > given.differences ? "error" : "info", "usage rebuilt", { run, ...done });
  metric("UsageDifferences", done.differences - given.differences, context.functionName, { run });
  return done;
};
