import { dynamoProfiles } from "@tenantry/aws/access-profiles";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoSso } from "@tenantry/aws/sso-store";
import { joinBySso } from "@tenantry/core/sso/join";
import { preTokenGeneration } from "@tenantry/lambda/pre-token-generation";

const [database, table] = [documents(), setting("CONTROL_TABLE")];
const store = dynamoSso(database, table);

export const handler = preTokenGeneration({
  ...dynamoProfiles(database, table),
  issuerOf: (pool, client) => store.find(pool, client),
  join: joinBySso({ store, clock: () => new Date(), newId }),
});
