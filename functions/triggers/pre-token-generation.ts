import { dynamoProfiles } from "@tenantry/aws/access-profiles";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { issuerReader } from "@tenantry/aws/issuer-reader";
import { preTokenGeneration } from "@tenantry/lambda/pre-token-generation";

export const handler = preTokenGeneration({
  ...dynamoProfiles(documents(), setting("CONTROL_TABLE")),
  issuerOf: issuerReader(),
});
