import { recoverBatch } from "@tenantry/core/usage/recover-batch";
import { KinesisFailure } from "@tenantry/lambda/failed-batch";
import { countQuarantined } from "@tenantry/lambda/metric";
import { queue } from "@tenantry/lambda/queue";
import { recovery } from "./recover-app.ts";

const recover = recoverBatch(recovery);

/** From the third delivery on, what cannot be counted is set aside: the queue gives up after the fifth. */
export const handler = queue("recover-usage", KinesisFailure, async (batch, { attempt, functionName }) => {
  const { quarantined, ...outcome } = await recover(batch, attempt >= 3);
  countQuarantined(quarantined, functionName);
  return JSON.stringify({ ...outcome, quarantined });
});
