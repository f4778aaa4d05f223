import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoOperations } from "@tenantry/aws/operations";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { setting } from "@tenantry/aws/config";

const client = documents();
const table = setting("CONTROL_TABLE");

/** What every task needs. The planes have a root of their own each, so that a bundle holds one plane's client only. */
export const app = {
  registry: dynamoRegistry(client, table),
  operations: dynamoOperations(client, table),
  clock: () => new Date(),
  newId,
};
