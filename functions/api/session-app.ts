import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoChoices, dynamoSessions } from "@tenantry/aws/sessions";
import { endAllSessions, endSession } from "@tenantry/core/session/end";
import { listSessions } from "@tenantry/core/session/list";
import { switchOrganization } from "@tenantry/core/session/switch";

const database = documents();
const table = setting("CONTROL_TABLE");

const ports = {
  sessions: dynamoSessions(database, table),
  choices: dynamoChoices(database, table),
  clock: () => new Date(),
  newId,
};

/** The composition root of the sessions' part of the API. */
export const sessions = {
  list: listSessions(ports),
  end: endSession(ports),
  endAll: endAllSessions(ports),
  switch: switchOrganization(ports),
};
