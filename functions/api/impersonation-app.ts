import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoImpersonations } from "@tenantry/aws/impersonations";
import { dynamoMakings } from "@tenantry/aws/makings";
import { dynamoMembers } from "@tenantry/aws/members";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { endImpersonation } from "@tenantry/core/impersonation/end";
import { listImpersonations } from "@tenantry/core/impersonation/list";
import { startImpersonation } from "@tenantry/core/impersonation/start";

const database = documents();
const table = setting("CONTROL_TABLE");

/** Through which client to sign in; only who starts one is given it. */
export const signInClient = () => ({
  userPoolId: setting("USER_POOL_ID"),
  clientId: setting("IMPERSONATION_CLIENT_ID"),
});

const ports = {
  registry: dynamoRegistry(database, table),
  makings: dynamoMakings(database, table),
  members: dynamoMembers(database, table),
  impersonations: dynamoImpersonations(database, table, signInClient),
  clock: () => new Date(),
  newId,
};

/** The composition root of impersonations. */
export const impersonations = {
  start: startImpersonation(ports),
  list: listImpersonations(ports),
  end: endImpersonation(ports),
};
