import { randomUUID } from "node:crypto";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { onboard, operator } from "./api.ts";
import type { Ready } from "./app.ts";
import { ask, askJson } from "./aws.ts";

/** An active tenant, and its id. */
export const newTenant = async (ready: Ready, token: string, tier = "standard", owner?: string): Promise<string> => {
  const { operation } = await onboard(ready, token, {
    name: `Billing ${randomUUID()}`,
    tier,
    ...(owner === undefined ? {} : { owner: { email: owner } }),
  });
  if (operation.status !== "succeeded") throw new Error(JSON.stringify(operation));
  return operation.tenant_id as string;
};

/** Usage of a meter at an instant, as so many events of these values. */
export const use = async (
  ready: Ready,
  tenantId: string,
  values: readonly number[],
  { metric = "api_calls", at = new Date() }: { metric?: string; at?: Date } = {},
): Promise<void> => {
  const kinesis = new KinesisClient(operator(ready));
  const records = values.map((value) => ({
    PartitionKey: tenantId,
    Data: Buffer.from(
      JSON.stringify({ id: randomUUID(), tenant_id: tenantId, metric, value, timestamp: at.toISOString() }),
    ),
  }));
  await kinesis.send(new PutRecordsCommand({ StreamName: ready.usage_stream, Records: records }));
  kinesis.destroy();
};

/** The name of the one table or function that has this in its name. */
const named = (names: readonly string[], part: RegExp): string => {
  const found = names.filter((name) => part.test(name));
  if (found.length !== 1) throw new Error(`${found.length} names have ${String(part)}: ${names.join(", ")}`);
  return found[0]!;
};

export const controlTableOf = async (ready: Ready): Promise<string> => {
  const { TableNames } = await askJson(ready, "dynamodb", "DynamoDB_20120810.ListTables", {});
  return named(TableNames as string[], /control/i);
};

/** Runs a function by hand, as its schedule would. @throws Error with what it said when it failed. */
export const invoke = async (ready: Ready, part: RegExp): Promise<void> => {
  const { Functions } = JSON.parse(await ask(ready, "lambda", "/2015-03-31/functions")) as {
    Functions: { FunctionName: string }[];
  };
  const name = named(
    Functions.map(({ FunctionName }) => FunctionName),
    part,
  );
  const answer = await ask(ready, "lambda", `/2015-03-31/functions/${name}/invocations`, {
    method: "POST",
    body: "{}",
  });
  if (answer.includes("errorMessage")) throw new Error(answer);
};
