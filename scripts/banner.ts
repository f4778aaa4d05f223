import { join, relative } from "node:path";
import type { Ready } from "./ready.ts";

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** What a person reads when the cloud is ready: where everything is, and three commands that work as they stand. */
export const banner = (options: {
  ready: Ready;
  data: string;
  isDefaultData: boolean;
  seconds: number;
  watch: boolean;
}): string => {
  const { ready, data, isDefaultData, seconds, watch } = options;
  const fromHere = relative(process.cwd(), data);
  const folder = fromHere === "" || fromHere.startsWith("..") ? data : fromHere;
  const where = isDefaultData ? "" : ` -- --data ${folder}`;
  const event = `{ tenant_id: id, metric: "api_calls", value: 1, timestamp: new Date().toISOString() }`;
  return `
Tenantry is ready, ${seconds.toFixed(1)} s after the start.

  API        ${ready.api_url}  (its documentation: ${ready.api_url}/docs)
  AWS        ${ready.aws_endpoint_url}  (region ${ready.region}, access key test, secret test)
  Admin      ${ready.admin.email}  password ${ready.admin.password}
  Data       ${folder}
  Logs       ${join(folder, "logs")}
  Mail       ${join(folder, "mail")}

In another terminal, in this folder:

1. Sign in.

  API=${ready.api_url}
  TOKEN=$(npm run --silent token${where})

2. Onboard a tenant. The answer's Location shows how far it is.

  curl -X POST $API/admin/tenants -H "Authorization: Bearer $TOKEN" -d '{
    "name": "Acme Corp", "tier": "premium",
    "config": { "region": "us-east-1", "features": ["analytics", "api-access"] } }'

3. Send a usage event of that tenant, and see it counted.

  TENANT=$(curl -s "$API/admin/tenants?limit=1" -H "Authorization: Bearer $TOKEN" | grep -o 'ten_[0-9A-Za-z]*' | head -n 1)
  export AWS_ENDPOINT_URL=${ready.aws_endpoint_url} AWS_REGION=${ready.region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  node_modules/.bin/node -e 'import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
    const id = process.argv[1], event = ${event};
    await new KinesisClient().send(new PutRecordCommand({ StreamName: "${ready.usage_stream}", PartitionKey: id, Data: Buffer.from(JSON.stringify(event)) }));' $TENANT
  curl "$API/admin/tenants/$TENANT/usage?metric=api_calls&from=${day(0)}&to=${day(1)}&window=day" -H "Authorization: Bearer $TOKEN"

${watch ? "Watching the sources: a change is deployed as you save it.\n" : ""}Stop with Ctrl-C; the next npm start finds everything as it was. To start over: npm start -- --fresh
`;
};
