import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoOperations } from "@tenantry/aws/operations";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { stepFunctions } from "@tenantry/aws/workflows";

const client = documents();
const table = setting("CONTROL_TABLE");

/** What the two triggers need that put operations right. */
export const ports = {
  registry: dynamoRegistry(client, table),
  operations: dynamoOperations(client, table),
  workflows: stepFunctions({
    "onboard-tenant": setting("ONBOARDING_STATE_MACHINE"),
    "compensate-tenant": setting("COMPENSATION_STATE_MACHINE"),
  }),
  clock: () => new Date(),
  newId,
};
