import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoMeters } from "@tenantry/aws/usage-meters";
import { eventId, kinesisUsageSink } from "@tenantry/aws/usage-sink";
import { submitUsage } from "@tenantry/core/intake/submit-usage";
import { eventParser, meterCatalog } from "@tenantry/core/usage/meter-catalog";
import { tenantCheck } from "@tenantry/core/usage/tenant-check";

const clock = () => new Date();

/** What the intake of usage events needs. The tenant check remembers whom it saw between requests. */
export const intake = {
  submit: submitUsage({
    parse: eventParser(meterCatalog(dynamoMeters(setting("USAGE_TABLE")), clock)),
    standing: tenantCheck(dynamoRegistry(documents(), setting("CONTROL_TABLE")), clock),
    sink: kinesisUsageSink(setting("USAGE_STREAM")),
    clock,
    eventId,
  }),
};
