import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { Answer } from "@tenantry/core/idempotency";
import { Problem } from "@tenantry/core/problem";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { kms } from "@tenantry/local-cloud/services/kms";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kmsEnvelopes } from "./envelope.ts";
import { dynamoIdempotency } from "./idempotency.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

let engine: Engine;
let cloud: TestCloud;
let key: string;

/** As the stacks have it: the answers of one operation and of no other. */
const graph = graphOf(
  roleOf("createTenant", [
    {
      Effect: "Allow",
      Action: ["kms:GenerateDataKey", "kms:Decrypt"],
      Resource: "arn:aws:kms:*:*:key/*",
      Condition: { StringEquals: { "kms:EncryptionContext:operation": "createTenant" } },
    },
  ]),
);

beforeAll(async () => {
  [engine, cloud] = await Promise.all([startDynamo(), startTestCloud([kms])]);
  await cloud.apply(graph);
  await createControlTable(engine.documents, "keys");
  const made = await new KMSClient(cloud.client()).send(new CreateKeyCommand({}));
  key = made.KeyMetadata!.Arn!;
});
afterAll(() => Promise.all([engine.stop(), cloud.close()]));

const envelopes = (role?: string) => kmsEnvelopes(key, new KMSClient(cloud.client(role)));

let number = 0;
const requestOf = (more: object = {}) => ({
  caller: "ten_1#sub-1",
  operation: "createTenant",
  key: `key-${++number}`,
  payload: { body: { name: "Acme", tier: "trial" } as Record<string, unknown> },
  remainingMilliseconds: 10_000,
  ...more,
});
const answered = <T extends Record<string, unknown>>(
  request: ReturnType<typeof requestOf>,
  run: () => Promise<Answer<T>>,
  role?: string,
) => dynamoIdempotency(engine.documents, "keys", envelopes(role))(request, run);
const once = <T extends Record<string, unknown>>(request: ReturnType<typeof requestOf>, run: () => Promise<T>) =>
  answered(request, async () => ({ result: await run() }), "createTenant");

const everything = async (): Promise<string> =>
  JSON.stringify((await engine.documents.send(new ScanCommand({ TableName: "keys" }))).Items);

test("a repeated request gets the first result, and is not run", async () => {
  const request = requestOf();
  let runs = 0;
  const run = async () => ({ statusCode: 202, headers: { location: "/x" }, body: `run ${++runs}` });
  const first = await once(request, run);
  const reordered = { ...request, payload: { body: { tier: "trial", name: "Acme" } } };
  expect([await once(request, run), await once(reordered, run)]).toEqual([first, first]);
  expect(runs).toBe(1);
});

test("another payload under one key is refused", async () => {
  const request = requestOf();
  await once(request, async () => ({}));
  await expect(once({ ...request, payload: { body: { name: "Other" } } }, async () => ({}))).rejects.toMatchObject({
    code: "idempotency-key-reused",
  });
});

test.for([{ caller: "ten_1#sub-2" }, { caller: "ten_2#sub-1" }, { operation: "cancelOperation" }])(
  "a key is another's with %o",
  async (other) => {
    const request = requestOf();
    const answer = (mine: boolean) => async () => ({ result: { mine } });
    await answered(request, answer(true));
    expect(await answered({ ...request, ...other }, answer(false))).toEqual({ mine: false });
    expect(await answered(request, answer(false))).toEqual({ mine: true });
  },
);

describe("an answer", () => {
  const secret = "whsec_that-nobody-may-read";

  test("lies encrypted in the table", async () => {
    const request = requestOf();
    const answer = async () => ({ body: secret });
    await once(request, answer);
    expect(await everything()).not.toContain(secret);
    expect(await once(request, async () => ({ body: "another" }))).toEqual({ body: secret });
  });

  test("can be as long as a response", async () => {
    const request = requestOf();
    const body = secret.repeat(1000);
    await once(request, async () => ({ body }));
    expect(await once(request, async () => ({ body: "another" }))).toEqual({ body });
  });

  test("opens for its caller, operation and key only", async () => {
    const context = { caller: "ten_1#sub-1", operation: "createTenant", key: "1" };
    const sealed = (await envelopes("createTenant").prepare(context))(secret);
    expect(await envelopes("createTenant").open(sealed, context)).toBe(secret);
    const open = (other: object, role?: string) => envelopes(role).open(sealed, { ...context, ...other });
    await expect(open({ caller: "ten_2#sub-1" })).rejects.toThrow("ciphertext");
    await expect(open({ key: "2" })).rejects.toThrow("ciphertext");
    await expect(open({ operation: "createWebhook" })).rejects.toThrow("ciphertext");
    await expect(open({ operation: "createWebhook" }, "createTenant")).rejects.toThrow("not authorized");
    const altered = { ...sealed, text: Buffer.from("x".repeat(secret.length)).toString("base64") };
    await expect(envelopes().open(altered, context)).rejects.toThrow("authenticate");
  });

  test("that ends before the day does is not given after", async () => {
    const request = requestOf();
    const until = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
    const answer = (who: string, milliseconds: number) => async () => ({
      result: { who },
      until: until(milliseconds),
    });
    expect(await answered(request, answer("first", 60_000))).toEqual({ who: "first" });
    expect(await answered(request, answer("second", 60_000))).toEqual({ who: "first" });
    const other = requestOf();
    await answered(other, answer("first", -1500));
    expect(await answered(other, answer("second", 60_000))).toEqual({ who: "second" });
  });

  test("that cannot be noted is still given, as it is done", async () => {
    const request = requestOf();
    const deaf = Object.create(engine.documents) as typeof engine.documents;
    deaf.send = ((command: { constructor: { name: string } }) =>
      command.constructor.name === "UpdateItemCommand"
        ? Promise.reject(new Error("The table is away."))
        : engine.documents.send(command as never)) as typeof deaf.send;
    const run = dynamoIdempotency(deaf, "keys", envelopes());
    expect(await run(request, async () => ({ result: { done: true } }))).toEqual({ done: true });
  });

  test("is not begun on without a key to seal it", async () => {
    const away = kmsEnvelopes("arn:aws:kms:us-east-1:123456789012:key/none", new KMSClient(cloud.client()));
    const request = requestOf();
    let runs = 0;
    const run = async () => ({ result: { runs: ++runs } });
    await expect(dynamoIdempotency(engine.documents, "keys", away)(request, run)).rejects.toThrow("does not exist");
    expect(runs).toBe(0);
    expect(await answered(request, run)).toEqual({ runs: 1 });
  });
});

test("a request in flight is not joined, until it must be dead", async () => {
  const request = requestOf({ remainingMilliseconds: 300 });
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const first = once(request, async () => {
    await held;
    return { who: "first" };
  });
  await expect
    .poll(() => once(request, async () => ({ who: "early" })).catch((error: Problem) => error.code))
    .toBe("idempotency-in-flight");
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(await once(request, async () => ({ who: "second" }))).toEqual({ who: "second" });
  release();
  await first;
});

test("a request that ends in a problem may be sent again under its key", async () => {
  const request = requestOf();
  const problem = new Problem("tenant-exists", "The slug is taken.");
  await expect(once(request, async () => Promise.reject(problem))).rejects.toBe(problem);
  expect(await once(request, async () => ({ done: true }))).toEqual({ done: true });
});

test("a key is forgotten after a day, and stands in no item as it was sent", async () => {
  const request = requestOf({ key: "a-key-to-look-for", caller: "ten_1#one-day" });
  await once(request, async () => ({}));
  const items = (JSON.parse(await everything()) as { pk: string; expires_at: number }[]).filter(({ pk }) =>
    pk.includes("one-day"),
  );
  const day = Date.now() / 1000 + 24 * 3600;
  expect(items.map(({ expires_at }) => Math.abs(expires_at - day) < 120)).toEqual([true]);
  expect(JSON.stringify(items)).not.toContain(request.key);
});
