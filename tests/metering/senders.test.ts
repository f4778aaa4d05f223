import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { root } from "../support/app.ts";
import { ready } from "../support/ready.ts";

// The programs of the documentation, as they are printed there, against the deployed stream.

let token: string;
let kinesis: KinesisClient;
const running: ChildProcess[] = [];

beforeAll(async () => {
  token = await signIn(ready());
  kinesis = new KinesisClient(operator(ready()));
});
afterAll(() => {
  kinesis.destroy();
  for (const child of running) child.kill("SIGKILL");
});

const newTenant = async (): Promise<string> => {
  const { operation } = await onboard(ready(), token, { name: `Sender ${randomUUID()}`, tier: "standard" });
  return operation.tenant_id as string;
};

const countOf = async (tenantId: string, metric = "api_calls") => {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const to = new Date(Date.now() + 3_600_000).toISOString();
  const path = `/admin/tenants/${tenantId}/usage?metric=${metric}&from=${from}&to=${to}&window=day`;
  const { body } = await send(ready(), "GET", path, { token });
  return (body.buckets as { count: number }[]).reduce((sum, { count }) => sum + count, 0);
};

const example = (name: string) => join(root, "packages/meter/examples", name);

/** Node, with the stream and the operator's keys in its environment, as a service would have them. */
const node = (args: readonly string[], env: Record<string, string> = {}) => {
  const { aws_endpoint_url, region, usage_stream } = ready();
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      AWS_ENDPOINT_URL: aws_endpoint_url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      USAGE_STREAM: usage_stream,
      ...env,
    },
  });
  running.push(child);
  const said = { text: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  return { child, said };
};

test("the README of the meter package prints the examples as they are", () => {
  const readme = readFileSync(join(root, "packages/meter/README.md"), "utf8");
  for (const name of ["express.ts", "lambda.ts"])
    expect(readme).toContain(`\`\`\`ts\n${readFileSync(example(name), "utf8")}\`\`\``);
});

test("the Express example delivers what it recorded when it is told to end", async () => {
  const tenant = await newTenant();
  const { child, said } = node([example("express.ts")], { PORT: "0" });
  await expect.poll(() => said.text, { timeout: 20_000 }).toContain("listening");
  const [, port] = /port: (\d+)/.exec(said.text) ?? [];
  const answers = Array.from({ length: 25 }, () => fetch(`http://127.0.0.1:${port}/reports/${tenant}`));
  for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
  child.kill("SIGTERM");
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  expect([code, signal], said.text).toEqual([0, null]);
  const counted = await poll(
    () => countOf(tenant),
    (count) => count >= 25,
  );
  expect(counted).toBe(25);
});

test("the Lambda example delivers before the invocation ends", async () => {
  const tenant = await newTenant();
  // The process is gone the moment the handler has answered, as a sandbox may be.
  const script = `
    import { handler } from "./packages/meter/examples/lambda.ts";
    const context = { getRemainingTimeInMillis: () => 10_000 };
    await handler({ tenant_id: "${tenant}", minutes: 20 }, context);
    process.kill(process.pid, "SIGKILL");`;
  const { child, said } = node(["--input-type=module-typescript", "-e", script]);
  expect(await once(child, "exit"), said.text).toEqual([null, "SIGKILL"]);
  const path = `/admin/tenants/${tenant}/usage?metric=compute_hours&from=2026-01-01&to=2026-12-31&window=month`;
  const now = new Date();
  const month = path
    .replace("2026-01-01", new Date(now.getTime() - 86_400_000).toISOString())
    .replace("2026-12-31", new Date(now.getTime() + 3_600_000).toISOString());
  const { body } = await poll(
    () => send(ready(), "GET", month, { token }),
    (answer) => (answer.body.buckets as { count: number }[]).some(({ count }) => count > 0),
  );
  const used = (body.buckets as { value: string; count: number }[]).filter(({ count }) => count > 0);
  expect(used).toMatchObject([{ value: "0.333333", count: 1 }]);
});

/** `datetime.isoformat()` has microseconds, or no fraction at all on the full second, and a zone or none, which is UTC. */
const now = new Date().toISOString();
const pythonTimes = [now.replace("Z", "789"), now.slice(0, 19), now.replace("Z", "789+00:00")];
/** `json.dumps` puts a space after each colon and comma. */
const pythonLine = (tenant: string, time: string) =>
  `{"tenant_id": "${tenant}", "metric": "api_calls", "value": 1, "timestamp": "${time}"}`;

test("what Python puts, byte for byte, counts: one event, lines of them, and both compressed", async () => {
  const tenant = await newTenant();
  const lines = pythonTimes.map((time) => pythonLine(tenant, time));
  const records = [...lines, lines.join("\n"), gzipSync(lines[0] ?? ""), gzipSync(lines.join("\n"))];
  for (const record of records)
    await kinesis.send(
      new PutRecordCommand({ StreamName: ready().usage_stream, PartitionKey: tenant, Data: Buffer.from(record) }),
    );
  const counted = await poll(
    () => countOf(tenant),
    (count) => count >= 10,
  );
  expect(counted).toBe(10);
});
