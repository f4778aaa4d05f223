import { dynamoDenials } from "@tenantry/aws/denials";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { setting } from "@tenantry/aws/config";
import { kinesisUsageSink } from "@tenantry/aws/usage-sink";
import { readAccessLine } from "@tenantry/contract/access-log";
import { permissionOf } from "@tenantry/contract/routes";
import { auditDenials } from "@tenantry/core/audit/denials";
import { countApiCalls } from "@tenantry/core/intake/count-api-calls";
import { logSubscription } from "@tenantry/lambda/log-subscription";

const denied = auditDenials({
  counts: dynamoDenials(documents(), setting("CONTROL_TABLE")),
  clock: () => new Date(),
  newId,
});

const count = countApiCalls({ sink: kinesisUsageSink(setting("USAGE_STREAM")) });

export const handler = logSubscription("count-api-calls", async (lines) => {
  const calls = lines.map(readAccessLine).filter((call) => call !== null);
  const counted = await count(calls);
  return { counted, denied: await denied(calls.map((call) => ({ ...call, permission: permissionOf(call.route) }))) };
});
