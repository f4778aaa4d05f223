import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { issuerReader } from "@tenantry/aws/issuer-reader";
import { membershipsOf } from "@tenantry/aws/registry";
import { preTokenGeneration } from "@tenantry/lambda/pre-token-generation";

const database = documents();
const table = setting("CONTROL_TABLE");

export const handler = preTokenGeneration((userId) => membershipsOf(database, table, userId), issuerReader());
