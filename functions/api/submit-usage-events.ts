import { intakeOperations } from "@tenantry/contract/intake-operations";
import { mayImprove } from "@tenantry/core/intake/submit-usage";
import { intake } from "./intake-app.ts";
import { post } from "./post.ts";

export const handler = post(intakeOperations.submitUsageEvents, async ({ ctx, mediaType, body, key }) => {
  const format = mediaType.startsWith("application/cloudevents") ? "cloudevents" : "plain";
  const answers = await intake.submit(ctx, { format, body, key });
  return { body: answers, ...(mayImprove(answers) ? { until: new Date(0).toISOString() } : {}) };
});
