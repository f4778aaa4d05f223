import { setTimeout } from "node:timers/promises";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoAdjustments } from "@tenantry/aws/usage-adjustments";
import { s3UsageArchive } from "@tenantry/aws/usage-archive";
import { s3UsageArchiveReader } from "@tenantry/aws/usage-archive-reader";
import { usageCounting } from "@tenantry/aws/usage-counting";
import { dynamoUsageChunks } from "@tenantry/aws/usage-pages";
import { dynamoUsageTotals } from "@tenantry/aws/usage-totals";
import { applyPending } from "@tenantry/core/usage/apply-adjustment";
import { createAdjustment } from "@tenantry/core/usage/create-adjustment";
import { listAdjustments } from "@tenantry/core/usage/list-adjustments";
import { voidEvents } from "@tenantry/core/usage/void-events";
import { voidUsers } from "@tenantry/core/usage/void-users";
import { errorFields, log } from "@tenantry/lambda/log";

const database = documents();
const clock = () => new Date();
const waiting = { sleep: (ms: number) => setTimeout(ms), random: Math.random };
const control = setting("CONTROL_TABLE");
const adjustments = dynamoAdjustments(database, control);

/** Whatever counts is made for those who correct; a list has no settings for it. */
const counting = () => {
  const table = setting("USAGE_TABLE");
  const bucket = setting("USAGE_BUCKET");
  const voiding = {
    chunks: dynamoUsageChunks(table),
    archive: s3UsageArchiveReader(bucket),
    clock,
    ...waiting,
  };
  return {
    ...usageCounting(table, clock),
    adjustments,
    archive: s3UsageArchive(bucket),
    voids: voidEvents(voiding),
    users: voidUsers({ ...voiding, totals: dynamoUsageTotals(table) }),
    registry: dynamoRegistry(database, control),
    clock,
    newId,
    onPending: (id: string, error: unknown) =>
      log("error", "adjustment pending", { adjustment_id: id, ...errorFields(error) }),
  };
};

/** The composition root of the corrections of usage. */
export const corrections = {
  create: (...request: Parameters<ReturnType<typeof createAdjustment>>) => createAdjustment(counting())(...request),
  list: listAdjustments({ adjustments }),
  applyPending: (most: number) => applyPending(counting())(most),
};
