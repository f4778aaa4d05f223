import { randomUUID } from "node:crypto";
import { ListExecutionsCommand, ListStateMachinesCommand, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { AwsClient } from "aws4fetch";
import { beforeAll, describe, expect, test } from "vitest";
import { hasEnded, onboard, operator, poll, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { ready } from "../support/ready.ts";

const faults = new AwsClient({ accessKeyId: "test", secretAccessKey: "test", service: "faults", region: "us-east-1" });
type Rule = { service: string; action?: string; match: string; times?: number; kind: string; delayMs?: number };

const inject = async (rule: Rule): Promise<void> => {
  const url = new URL("/_faults", ready().aws_endpoint_url).href;
  const answer = await faults.fetch(url, { method: "POST", body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(await answer.text());
};

const lambda = new AwsClient({ accessKeyId: "test", secretAccessKey: "test", service: "lambda", region: "us-east-1" });

/** Runs the sweep now rather than with its schedule. */
const sweep = async (): Promise<void> => {
  const functions = new URL("/2015-03-31/functions/", ready().aws_endpoint_url).href;
  const { Functions } = (await (await lambda.fetch(functions)).json()) as { Functions: { FunctionName: string }[] };
  const { FunctionName } = Functions.find((one) => one.FunctionName.includes("SweepOperations"))!;
  const answer = await lambda.fetch(`${functions}${FunctionName}/invocations`, { method: "POST", body: "{}" });
  if (!answer.ok || answer.headers.has("x-amz-function-error")) throw new Error(await answer.text());
};

/** Has an operation's last change be two minutes ago, so that the test need not wait for that. */
const age = async (id: string): Promise<void> => {
  const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
  await askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
    TableName: (TableNames as string[]).find((table) => table.includes("ControlTable")),
    Key: { pk: { S: `OPERATION#${id}` }, sk: { S: "OPERATION" } },
    UpdateExpression: "SET updated_at = :before",
    ExpressionAttributeValues: { ":before": { S: new Date(Date.now() - 120_000).toISOString() } },
  });
};

let token: string;
beforeAll(async () => {
  token = await signIn(ready());
});

const get = async (path: string) => (await send(ready(), "GET", path, { token })).body;
const post = (path: string, headers: Record<string, string> = {}, body?: unknown) =>
  send(ready(), "POST", path, { token, headers, ...(body === undefined ? {} : { body }) });
const ended = (id: string) =>
  poll(
    () => get(`/admin/operations/${id}`),
    ({ status }) => hasEnded(status),
  );
const seed = (name: string, tier = "business") => ({ name, tier, owner: { email: `owner@${name}.example` } });

/** Nothing is left, and another attempt succeeds. */
const expectCleanAndRetry = async (operation: { id: string; tenant_id: string }) => {
  expect(await get(`/admin/tenants/${operation.tenant_id}`)).toMatchObject({ status: "failed", resources: {} });
  const retried = await post(`/admin/operations/${operation.id}/retry`);
  expect(retried).toMatchObject({
    status: 202,
    body: { status: "pending", attempt: 2, error: null, compensation: [] },
  });
  expect(await ended(operation.id)).toMatchObject({ status: "succeeded", attempt: 2, error: null });
  const tenant = await get(`/admin/tenants/${operation.tenant_id}`);
  expect(tenant.status).toBe("active");
  expect(Object.keys(tenant.resources).toSorted()).toEqual(["database", "identity", "namespace", "storage"]);
};

describe("a step that fails for good", () => {
  test.for([
    { step: "ProvisionDatabase", service: "secretsmanager", action: "CreateSecret" },
    { step: "ProvisionStorage", service: "s3", action: "PutObject" },
    { step: "ProvisionIdentity", service: "cognito-idp", action: "AdminCreateUser" },
    { step: "ProvisionNamespace", service: "kubernetes", action: undefined },
  ])("in $step leaves nothing, says why, and can be retried", async ({ step, service, action }) => {
    const name = `saga-${step.toLowerCase()}`;
    const match = { s3: `tenant-${name}`, kubernetes: `tenant-${name}`, secretsmanager: name.replace("-", "_") }[
      service
    ];
    await inject({
      service,
      ...(action && { action }),
      match: match ?? `owner@${name}.example`,
      kind: "refuse",
      times: 1,
    });
    const { operation } = await onboard(ready(), token, seed(name));
    expect(operation).toMatchObject({ status: "failed", error: { step } });
    expect(operation.compensation.map((one: { status: string }) => one.status)).toEqual(Array(4).fill("succeeded"));
    await expectCleanAndRetry(operation);
  });
});

test("a cancelled onboarding is taken back and can be retried", async () => {
  const match = "owner@saga-cancel.example";
  await inject({ service: "cognito-idp", action: "AdminCreateUser", match, kind: "delay", delayMs: 4000, times: 1 });
  const accepted = await post("/admin/tenants", {}, seed("saga-cancel"));
  const { id } = accepted.body.operation;
  await poll(
    () => get(`/admin/operations/${id}`),
    ({ steps }) =>
      steps.some(
        (one: { name: string; status: string }) => one.name === "ProvisionIdentity" && one.status === "running",
      ),
  );
  expect(await post(`/admin/operations/${id}/retry`)).toMatchObject({
    status: 409,
    body: { type: "/problems/state-conflict" },
  });
  const cancelled = await post(`/admin/operations/${id}/cancel`);
  expect(cancelled).toMatchObject({ status: 202, body: { status: "compensating", error: { code: "Cancelled" } } });
  const operation = await ended(id);
  expect(operation.status).toBe("cancelled");
  await expectCleanAndRetry(operation);
  expect((await post(`/admin/operations/${id}/cancel`)).status).toBe(409);
});

test("an execution that is stopped from outside is found, taken back and can be retried", async () => {
  const sfn = new SFNClient(operator(ready()));
  const match = "owner@saga-stopped.example";
  await inject({ service: "cognito-idp", action: "AdminCreateUser", match, kind: "delay", delayMs: 4000, times: 1 });
  const { body } = await post("/admin/tenants", {}, seed("saga-stopped"));
  const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
  const find = async () => {
    for (const { stateMachineArn } of stateMachines) {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      const found = executions.find(({ name }) => name === body.operation.id);
      if (found !== undefined) return found.executionArn;
    }
    return undefined;
  };
  const executionArn = await poll(find, (arn) => arn !== undefined);
  await sfn.send(new StopExecutionCommand({ executionArn }));
  const operation = await ended(body.operation.id);
  expect(operation).toMatchObject({ status: "failed", error: { code: "ExecutionAborted" } });
  expect(operation.execution).toBe(`${operation.id}-c1`);
  await expectCleanAndRetry(operation);
});

test("a compensation that fails says what remains, and the sweep goes on with it", async () => {
  const name = "saga-remains";
  await inject({ service: "kubernetes", match: `tenant-${name}`, kind: "refuse", times: 1 });
  const match = `tenant-${name}`;
  // One for each attempt of the release.
  await inject({ service: "s3", action: "ListObjectVersions", match, kind: "refuse", times: 6 });
  const accepted = await post("/admin/tenants", {}, seed(name));
  const failed = await ended(accepted.body.operation.id);
  expect(failed.status).toBe("compensation_failed");
  const left = failed.compensation.filter(({ status }: { status: string }) => status !== "succeeded");
  expect(left).toEqual([expect.objectContaining({ name: "ReleaseStorage", status: "failed", attempts: 6 })]);
  expect(left[0].error.message).not.toBe("");
  expect(Object.keys((await get(`/admin/tenants/${failed.tenant_id}`)).resources)).toEqual(["storage"]);
  const listed = await get("/admin/operations?status=compensation_failed");
  expect(listed.items.map((one: { id: string }) => one.id)).toContain(failed.id);

  // The sweep leaves alone for a minute what has just changed.
  await age(failed.id);
  const settled = await poll(
    async () => {
      await sweep();
      return get(`/admin/operations/${failed.id}`);
    },
    ({ status }) => status === "failed",
  );
  expect(settled).toMatchObject({ status: "failed", execution: `${failed.id}-c1` });
  await expectCleanAndRetry(settled);
});

test("two requests for one name at the same instant make one tenant", async () => {
  const both = await Promise.all([1, 2].map(() => post("/admin/tenants", {}, seed("saga-twins"))));
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
});

describe("an Idempotency-Key", () => {
  test("gets the first response again: status, body and headers", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const body = seed("saga-once", "trial");
    const first = await post("/admin/tenants", headers, body);
    const again = await post("/admin/tenants", headers, body);
    expect(first.status).toBe(202);
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    for (const name of ["location", "retry-after", "content-type"])
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    const other = await post("/admin/tenants", headers, { ...body, tier: "standard" });
    expect(other).toMatchObject({ status: 422, body: { type: "/problems/idempotency-key-reused" } });
    // The key belongs to the operation that it was used for.
    const elsewhere = await post(`/admin/operations/${first.body.operation.id}/retry`, headers);
    expect(elsewhere.body.type).toBe("/problems/state-conflict");
  });

  test("in flight is answered by 409 and how long to wait", async () => {
    const headers = { "idempotency-key": randomUUID() };
    const body = seed("saga-flight", "trial");
    const many = await Promise.all(Array.from({ length: 4 }, () => post("/admin/tenants", headers, body)));
    expect(new Set(many.map(({ status }) => status)).isSubsetOf(new Set([202, 409]))).toBe(true);
    const accepted = many.filter(({ status }) => status === 202);
    expect(new Set(accepted.map(({ text }) => text)).size).toBe(1);
    const refused = many.filter(({ status }) => status === 409);
    expect(refused.map((one) => [one.body.type, one.headers.get("retry-after")])).toEqual(
      refused.map(() => ["/problems/idempotency-in-flight", "1"]),
    );
  });

  test.for([
    ["has 300 characters", "x".repeat(300)],
    ["has a space", "a b"],
    ["is not ASCII", "\u00e4"],
  ] as const)("that %s is refused", async ([, key]) => {
    const answer = await post("/admin/tenants", { "idempotency-key": key }, seed("saga-key", "trial"));
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: "header:idempotency-key" }] } });
  });
});

test("all reasons against a registration are told at once, before anything changes", async () => {
  const answer = await post(
    "/admin/tenants",
    {},
    {
      name: "saga-once",
      tier: "trial",
      config: { region: "us-east-1", features: ["analytics", "sso", "custom-domain"] },
    },
  );
  expect(answer).toMatchObject({ status: 400, body: { type: "/problems/invalid-request" } });
  expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    "/config/features/1",
    "/config/features/2",
    "/name",
  ]);
});
