import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { graphOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { functionResources, resource, type TestResource } from "./fixture.ts";
import { createLambdaHost, type LambdaHost } from "./host.ts";

let cloud: TestCloud;
let data: string;
let lambda: LambdaHost;

const limits = { concurrency: 3, queue: 5, patience: 20, plenty: 2, idle: 60_000, age: 60_000 };

beforeEach(async () => {
  cloud = await startTestCloud([]);
  ({ data } = cloud.host);
  lambda = await createLambdaHost(cloud.host, { limits });
});
afterEach(async () => {
  await lambda.close();
  await cloud.close();
});

const deploy = async (source: string, inputs: Record<string, unknown> = {}): Promise<void> =>
  lambda.apply(graphOf(...(await functionResources(data, "fn", source, inputs))));

const log = (): Promise<string> => readFile(join(data, "logs", "fn.log"), "utf8");

describe("a deployed function", () => {
  test("runs its own zip with its own environment and its role's credentials, and nothing of the parent's", async () => {
    process.env["PARENT_SECRET"] = "leak";
    await deploy("export const handler = async (event) => ({ event, env: process.env });");
    const { payload } = await lambda.invoke("fn", { a: 1 });
    const { event, env } = payload as { event: unknown; env: Record<string, string> };
    delete process.env["PARENT_SECRET"];
    expect(event).toEqual({ a: 1 });
    expect(env).toMatchObject({
      TABLE: "control",
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: cloud.host.endpoint,
      AWS_LAMBDA_FUNCTION_NAME: "fn",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    });
    const session = cloud.gateway.sessions.find(env["AWS_ACCESS_KEY_ID"] ?? "");
    expect(session).toMatchObject({
      secret: env["AWS_SECRET_ACCESS_KEY"],
      token: env["AWS_SESSION_TOKEN"],
      caller: { role: "fnRole", arn: "arn:aws:sts::123456789012:assumed-role/fnRole/fn" },
    });
    expect(env).not.toHaveProperty("PARENT_SECRET");
    expect(env).not.toHaveProperty("HOME");
  });

  test("is given a true context", async () => {
    await deploy(
      `export const handler = async (_, context) => ({ ...context, left: context.getRemainingTimeInMillis() });`,
    );
    const { payload } = await lambda.invoke("arn:aws:lambda:us-east-1:123456789012:function:fn", {});
    expect(payload).toMatchObject({
      functionName: "fn",
      functionVersion: "$LATEST",
      memoryLimitInMB: "128",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:fn",
      logGroupName: "/aws/lambda/fn",
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const { left } = payload as { left: number };
    expect(left).toBeGreaterThan(2000);
    expect(left).toBeLessThanOrEqual(3000);
  });

  test.for([
    ["async", "export const handler = async (event) => event.n + 1;", 2],
    [
      "with a callback",
      "export const handler = (event, context, done) => { setTimeout(() => done(null, event.n + 1), 5); };",
      2,
    ],
    ["that answers nothing", "export const handler = async () => {};", null],
    ["of CommonJS within ESM", "export default { handler: async () => 'default' };", "default"],
  ] as const)("%s answers", async ([, source, expected]) => {
    await deploy(source);
    expect(await lambda.invoke("fn", { n: 1 })).toEqual({ payload: expected });
  });

  test.for([
    ["throws", "export const handler = async () => { throw new TypeError('no'); };", "TypeError", "no"],
    ["fails by callback", "export const handler = (e, c, done) => done(new Error('no'));", "Error", "no"],
    ["exits", "export const handler = async () => { process.exit(1); };", "Runtime.ExitError", "exit status 1"],
    [
      "exits well",
      "export const handler = async () => { process.exit(0); };",
      "Runtime.ExitError",
      "without providing a reason",
    ],
    [
      "leaves a rejection",
      "export const handler = async () => { void Promise.reject(new Error('lost')); await new Promise(() => {}); };",
      "Runtime.UnhandledPromiseRejection",
      "Error: lost",
    ],
    [
      "throws outside of its promise",
      "export const handler = () => new Promise(() => { setTimeout(() => { throw new RangeError('late'); }, 1); });",
      "RangeError",
      "late",
    ],
    ["cannot be loaded", "import 'no-such-package'; export const handler = 1;", "Error", "no-such-package"],
    [
      "is not exported",
      "export const other = 1;",
      "Runtime.HandlerNotFound",
      "bundle.handler is undefined or not exported",
    ],
    [
      "answers what JSON cannot say",
      "export const handler = async () => 1n;",
      "Runtime.MarshalError",
      "Unable to stringify",
    ],
    [
      "answers too much",
      "export const handler = async () => 'x'.repeat(7_000_000);",
      "Function.ResponseSizeTooLarge",
      "6291556",
    ],
    [
      "uses more than its memory",
      "export const handler = async () => { const all = []; for (;;) all.push(new Array(1e6).fill(1.5)); };",
      "Runtime.ExitError",
      "signal: killed",
    ],
  ] as const)("that %s is an error, and the next invocation runs", async ([, source, type, message]) => {
    await deploy(source);
    const { error } = await lambda.invoke("fn", {});
    expect(error).toMatchObject({ errorType: type, errorMessage: expect.stringContaining(message) });
    await deploy("export const handler = async () => 'well';");
    expect(await lambda.invoke("fn", {})).toEqual({ payload: "well" });
  });

  test("a worker that died is replaced", async () => {
    await deploy(
      "let n = 0; export const handler = async ({ die }) => { n += 1; if (die) process.exit(1); return n; };",
    );
    expect(await lambda.invoke("fn", {})).toEqual({ payload: 1 });
    expect(await lambda.invoke("fn", {})).toEqual({ payload: 2 });
    await lambda.invoke("fn", { die: true });
    expect(await lambda.invoke("fn", {})).toEqual({ payload: 1 });
  });

  test.for(["await new Promise(() => {})", "for (;;);"])("that never ends times out: %s", async (body) => {
    await deploy(`export const handler = async () => { ${body} };`, { timeout: 1 });
    const { error } = await lambda.invoke("fn", {});
    expect(error).toMatchObject({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
    });
    expect(await log()).toContain("Task timed out after 1.00 seconds");
  });

  test("is known by its worker's key while it runs, and can be killed, timed out and run again", async () => {
    await deploy(`let calls = 0;
      export const handler = async (event) => {
        if (event.ask) return { key: process.env.AWS_ACCESS_KEY_ID, calls };
        calls += 1; await new Promise((r) => setTimeout(r, event.ms)); return calls; };`);
    const { key } = (await lambda.invoke("fn", { ask: true })).payload as { key: string };
    expect(lambda.running(key)).toEqual([]);

    const first = lambda.invoke("fn", { ms: 200 });
    const work = await vi.waitFor(() => lambda.running(key)[0] ?? Promise.reject(new Error("not yet")));
    expect(work).toMatchObject({
      functionName: "fn",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      payload: '{"ms":200}',
    });
    expect(work?.second).toBe(false);
    const again = work?.again();
    const beside = await vi.waitFor(
      () => lambda.running().find(({ second }) => second) ?? Promise.reject(new Error("not yet")),
    );
    expect(beside.payload).toBe(work?.payload);
    await again;
    expect((await first).payload).toBe(1);

    const second = lambda.invoke("fn", { ms: 60_000 });
    await (await vi.waitFor(() => lambda.running()[0] ?? Promise.reject(new Error("not yet")))).kill();
    expect((await second).error).toMatchObject({ errorType: "Runtime.ExitError" });

    const third = lambda.invoke("fn", { ms: 60_000 });
    await (await vi.waitFor(() => lambda.running()[0] ?? Promise.reject(new Error("not yet")))).timeOut();
    expect((await third).error).toMatchObject({ errorType: "Sandbox.Timedout" });
    expect(lambda.running()).toEqual([]);
  });

  test("leaves off where it is when it is killed and its worker is spared, which goes on with the next", async () => {
    const asked: string[] = [];
    const held: ServerResponse[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      if (request.url === "/last") held.push(response);
      else response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await deploy(`import { request } from "node:http"; let calls = 0;
      const ask = (path) => new Promise((done, failed) =>
        request({ port: ${port}, host: "127.0.0.1", path }, (answer) => answer.resume().on("end", done)).on("error", failed).end());
      export const handler = async (event) => {
        calls += 1;
        if (event.ask) return ask("/" + event.ask).then(() => calls);
        try { await ask("/last"); console.log("went on"); await ask("/after"); } finally { await ask("/finally"); } };`);
    const first = lambda.invoke("fn", {});
    await vi.waitFor(() => expect(asked).toEqual(["/last"]));
    await lambda.running()[0]?.kill(true);
    expect((await first).error).toMatchObject({ errorType: "Runtime.ExitError" });
    expect(lambda.running()).toEqual([]);
    held.shift()?.end();
    // The same worker counts on, and nothing of the first came after its last call.
    expect((await lambda.invoke("fn", { ask: "next" })).payload).toBe(2);
    expect(asked).toEqual(["/last", "/next"]);
    expect(await log()).not.toContain("went on");

    const second = lambda.invoke("fn", {});
    await vi.waitFor(() => expect(held).toHaveLength(1));
    await lambda.running()[0]?.timeOut(true);
    expect((await second).error).toMatchObject({ errorType: "Sandbox.Timedout" });
    expect((await lambda.invoke("fn", { ask: "next" })).payload).toBe(4);
    server.closeAllConnections();
    server.close();
  });

  test("that does not listen dies, although it is spared", async () => {
    await deploy("export const handler = async () => { for (;;); };", { timeout: 120 });
    const first = lambda.invoke("fn", {});
    await vi.waitFor(() => expect(lambda.running()).toHaveLength(1));
    await lambda.running()[0]?.kill(true);
    expect((await first).error).toMatchObject({ errorType: "Runtime.ExitError" });
  });

  test("runs one invocation at a time per worker, as many workers as its limit, and queues the rest", async () => {
    const open = join(data, "open");
    await deploy(
      `import { existsSync } from "node:fs"; let running = 0; const id = Math.random();
      export const handler = async () => { running += 1; const seen = running;
        while (!existsSync(${JSON.stringify(open)})) await new Promise((r) => setTimeout(r, 10));
        running -= 1; return { id, seen }; };`,
      { timeout: 120 },
    );
    const all = Array.from({ length: 5 }, () => lambda.invoke("fn", {}));
    await vi.waitFor(() => expect(lambda.running()).toHaveLength(3));
    await writeFile(open, "");
    const outcomes = await Promise.all(all);
    const seen = outcomes.map(({ payload }) => payload as { id: number; seen: number });
    expect(seen.every((one) => one.seen === 1)).toBe(true);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
  });

  test("refuses what exceeds its queue", async () => {
    await deploy("export const handler = async () => new Promise((r) => setTimeout(r, 200));");
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => lambda.invoke("fn", {})));
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: "TooManyRequestsException", status: 429 } });
  });

  test("a new zip takes over while the old one finishes what it runs", async () => {
    await deploy("export const handler = async () => { await new Promise((r) => setTimeout(r, 300)); return 'old'; };");
    const old = lambda.invoke("fn", {});
    await vi.waitFor(async () => expect(await log()).toContain("START"));
    await deploy("export const handler = async () => 'new';");
    expect(await lambda.invoke("fn", {})).toEqual({ payload: "new" });
    expect(await old).toEqual({ payload: "old" });
  });

  test("the same deployment again keeps its workers", async () => {
    const resources = await functionResources(data, "fn", "let n = 0; export const handler = async () => (n += 1);");
    await lambda.apply(graphOf(...resources));
    await lambda.invoke("fn", {});
    await lambda.apply(graphOf(...resources));
    expect(await lambda.invoke("fn", {})).toEqual({ payload: 2 });
  });

  test("that is no longer deployed is unknown", async () => {
    await deploy("export const handler = async () => 1;");
    await lambda.apply(graphOf());
    await expect(lambda.invoke("fn", {})).rejects.toMatchObject({ code: "ResourceNotFoundException", status: 404 });
  });

  test("logs what Lambda logs, in order, the init duration once", async () => {
    await deploy("export const handler = async () => { console.log('seen %d', 1); process.stderr.write('raw\\n'); };");
    await lambda.invoke("fn", {});
    await lambda.invoke("fn", {});
    const lines = (await log()).trim().split("\n");
    expect(lines.map((line) => /^(START|END|REPORT)|seen 1|raw/.exec(line)?.[0])).toEqual(
      Array.from({ length: 2 }, () => ["START", "seen 1", "raw", "END", "REPORT"]).flat(),
    );
    expect(lines[1]).toMatch(/^\d{4}-\S+Z\t[0-9a-f-]{36}\tINFO\tseen 1$/);
    expect(lines[4]).toMatch(
      /Duration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms/,
    );
    expect(lines[9]).not.toContain("Init Duration");
  });

  test("trusts the embedded cloud's authority where it asks for the runtime's", async () => {
    const pem = await readFile(new URL("./fixture-ca.pem", import.meta.url), "utf8");
    await writeFile(join(data, "ca.pem"), pem);
    const source = `import tls from "node:tls"; export const handler = async () => tls.getCACertificates("default");`;
    await deploy(source, { environment: { variables: { NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem" } } });
    const { payload } = await lambda.invoke("fn", {});
    expect((payload as string[]).map((one) => one.trim())).toContain(pem.trim());
    await deploy(source);
    expect((await lambda.invoke("fn", {})).payload).not.toContainEqual(
      expect.stringContaining(pem.trim().slice(30, 90)),
    );
  });

  test("shows the source's lines in its stacks, by the map that was deployed beside the code", async () => {
    const hash = "0".repeat(64);
    const [code, fn] = await functionResources(
      data,
      "fn",
      "export const handler = async () => { throw new Error('no'); };",
    );
    const map = join(data, "bundle.mjs.map");
    // Everything on the bundle's first line comes from line 42 of handler.ts.
    const mappings = "AAyCA";
    await writeFile(map, JSON.stringify({ version: 3, sources: ["../../functions/handler.ts"], names: [], mappings }));
    const s3Key = `assets/fn-code-${hash}.zip`;
    await lambda.apply(
      graphOf(
        { ...code, inputs: { ...code?.inputs, key: s3Key } } as TestResource,
        { ...fn, inputs: { ...fn?.inputs, s3Key } } as TestResource,
        resource("aws:s3/bucketObjectv2:BucketObjectv2", "map", {
          key: `sourcemap/group/${hash}.bundle.mjs.map`,
          source: { asset: map },
        }),
      ),
    );
    const { error } = await lambda.invoke("fn", {});
    expect(error?.trace?.slice(0, 2)).toEqual(["Error: no", "    at handler (functions/handler.ts:42:1)"]);
  });

  test("a payload above 6 MB is refused", async () => {
    await deploy("export const handler = async () => 1;");
    await expect(lambda.invoke("fn", "x".repeat(6_300_000))).rejects.toMatchObject({
      code: "RequestEntityTooLargeException",
      status: 413,
    });
  });
});
