import { allowKeys } from "../functions";
import { controlTable } from "../tables";

const environment = { CONTROL_TABLE: controlTable.name };
const audited = allowKeys(["dynamodb:PutItem"], ["AUDIT#"], controlTable.arn);
const end = { environment, permissions: [allowKeys(["dynamodb:UpdateItem"], ["SESSION#"], controlTable.arn), audited] };

/** What the operations on sessions may touch. */
export const sessionGrants = {
  listSessions: { environment, permissions: [allowKeys(["dynamodb:Query"], ["SESSION#"], controlTable.arn)] },
  endSession: end,
  endAllSessions: end,
  switchOrganization: {
    environment,
    permissions: [allowKeys(["dynamodb:GetItem", "dynamodb:PutItem"], ["USER#"], controlTable.arn), audited],
  },
};
