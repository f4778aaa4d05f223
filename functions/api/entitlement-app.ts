import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoStandings } from "@tenantry/aws/standings";
import { usageReader } from "@tenantry/aws/usage-reader";
import { type Entitlements, getEntitlements, putEntitlements } from "@tenantry/core/entitlement/entitlements";

const database = documents();
const table = setting("CONTROL_TABLE");
const clock = () => new Date();

const ports = {
  registry: dynamoRegistry(database, table),
  standings: dynamoStandings(database, table),
  ...usageReader(setting("USAGE_TABLE"), clock),
  clock,
  newId,
};

/** The composition root of the entitlements' part of the API. */
export const entitlements = { get: getEntitlements(ports), put: putEntitlements(ports) };

export const shown = ({ entitlements: list, ...rest }: Entitlements) => ({
  body: { ...rest, entitlements: [...list] },
});
