import { AwsClient } from "aws4fetch";
import type { Issuer } from "@tenantry/core/access/issuer";
import { optionalSetting, setting } from "./config.ts";
import { keys } from "./control-table.ts";
import { endpointFor } from "./endpoint.ts";

/** Whose client it is; null when it is no tenant's. */
export type FindIssuer = (userPoolId: string, clientId: string) => Promise<Pick<Issuer, "tenant_id"> | null>;

const timeoutMillis = 2000;

/**
 * Reads issuers by a signed `fetch`: the authorizer and the token trigger start on every cold request, and the SDK's
 * client costs more than they do.
 * @throws Error when the table does not answer.
 */
export const issuerReader = (): FindIssuer => {
  const table = setting("CONTROL_TABLE");
  const sessionToken = optionalSetting("AWS_SESSION_TOKEN");
  const aws = new AwsClient({
    accessKeyId: setting("AWS_ACCESS_KEY_ID"),
    secretAccessKey: setting("AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: "dynamodb",
    region: setting("AWS_REGION"),
    retries: 1,
  });
  return async (userPoolId, clientId) => {
    const { pk, sk } = keys.issuer(userPoolId, clientId);
    const response = await aws.fetch(`${endpointFor("dynamodb")}/`, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.GetItem" },
      body: JSON.stringify({
        TableName: table,
        Key: { pk: { S: pk }, sk: { S: sk } },
        ConsistentRead: true,
        ProjectionExpression: "tenant_id",
      }),
      signal: AbortSignal.timeout(timeoutMillis),
    });
    if (!response.ok) throw new Error(`The issuer cannot be looked up: the status was ${response.status}.`);
    const { Item } = (await response.json()) as { Item?: { tenant_id?: { S?: string } } };
    const tenant = Item?.tenant_id?.S;
    return tenant === undefined ? null : { tenant_id: tenant };
  };
};

const most = 1000;

/** Remembers each answer, also that there is none, for so long and no longer. Failures are not remembered. */
export const cachedIssuers = (find: FindIssuer, millis: number, now: () => number = Date.now): FindIssuer => {
  const known = new Map<string, { readonly until: number; readonly answer: ReturnType<FindIssuer> }>();
  return (userPoolId, clientId) => {
    const name = `${userPoolId} ${clientId}`;
    const entry = known.get(name);
    if (entry !== undefined && entry.until > now()) return entry.answer;
    known.delete(name);
    const answer = find(userPoolId, clientId);
    known.set(name, { until: now() + millis, answer });
    answer.catch(() => known.delete(name));
    if (known.size > most) for (const oldest of known.keys()) return (known.delete(oldest), answer);
    return answer;
  };
};
