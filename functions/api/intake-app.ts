import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { eventId, kinesisUsageSink } from "@tenantry/aws/usage-sink";
import { submitUsage } from "@tenantry/core/intake/submit-usage";
import { parseEvent } from "@tenantry/core/usage/event";
import { tenantCheck } from "@tenantry/core/usage/tenant-check";

const clock = () => new Date();

/** What the intake of usage events needs. The tenant check remembers whom it saw between requests. */
export const intake = {
  submit: submitUsage({
    parse: async (text, now) => parseEvent(text, now, now),
    standing: tenantCheck(dynamoRegistry(documents(), setting("CONTROL_TABLE")), clock),
    sink: kinesisUsageSink(setting("USAGE_STREAM")),
    clock,
    eventId,
  }),
};
