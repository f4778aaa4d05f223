import { allow, allowKeys } from "../functions";
import { cursorSecret } from "../secrets";
import { controlTable, indexesOf } from "../tables";

const registry = { CONTROL_TABLE: controlTable.name };
const change = allowKeys(["dynamodb:GetItem", "dynamodb:UpdateItem"], ["APIKEY#"], controlTable.arn);
const put = (...prefixes: string[]) => allowKeys(["dynamodb:PutItem"], prefixes, controlTable.arn);

/** What the operations on API keys may touch. */
export const keyGrants = {
  createApiKey: { environment: registry, permissions: [change, put("APIKEY#", "AUDIT#")] },
  rotateApiKey: { environment: registry, permissions: [change, put("APIKEY#", "AUDIT#")] },
  revokeApiKey: { environment: registry, permissions: [change, put("AUDIT#")] },
  listApiKeys: {
    environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
    permissions: [
      allowKeys(["dynamodb:Query"], ["APIKEYS#"], indexesOf(controlTable)),
      allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
    ],
  },
};
