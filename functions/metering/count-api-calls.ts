import { setting } from "@tenantry/aws/config";
import { kinesisUsageSink } from "@tenantry/aws/usage-sink";
import { readAccessLine } from "@tenantry/contract/access-log";
import { countApiCalls } from "@tenantry/core/intake/count-api-calls";
import { logSubscription } from "@tenantry/lambda/log-subscription";

const count = countApiCalls({ sink: kinesisUsageSink(setting("USAGE_STREAM")) });

export const handler = logSubscription("count-api-calls", async (lines) => ({
  counted: await count(lines.map(readAccessLine).filter((call) => call !== null)),
}));
