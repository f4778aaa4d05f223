import { errorFields, log } from "@tenantry/lambda/log";
import { corrections } from "../api/adjustment-app.ts";

/** What corrections left pending is applied, a hundred at a time. */
export const handler = async (): Promise<void> => {
  const { applied, failed } = await corrections.applyPending(100);
  if (applied.length > 0) log("info", "adjustments applied", { applied });
  for (const { id, error } of failed) log("error", "adjustment pending", { adjustment_id: id, ...errorFields(error) });
};
