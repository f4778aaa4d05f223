import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { startRebuild } from "@tenantry/aws/usage-rebuilds";
import { sampleRebuilds } from "@tenantry/core/usage/sample-rebuilds";
import { log } from "@tenantry/lambda/log";

const registry = dynamoRegistry(documents(), setting("CONTROL_TABLE"));
const start = startRebuild(setting("REBUILD_STATE_MACHINE"));
const sample = sampleRebuilds({ registry, start, clock: () => new Date(), random: Math.random });

/** Ten tenants a day. */
export const handler = async (): Promise<void> => log("info", "rebuilds started", { tenants: await sample(10) });
