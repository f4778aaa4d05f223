import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { Problem } from "@tenantry/core/problem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dynamoIdempotency } from "./idempotency.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, "keys");
});
afterAll(() => engine.stop());

let number = 0;
const requestOf = (more: object = {}) => ({
  caller: "sub-1",
  operation: "createTenant",
  key: `key-${++number}`,
  payload: { body: { name: "Acme", tier: "trial" } as Record<string, unknown> },
  remainingMilliseconds: 10_000,
  ...more,
});
const once = <T extends Record<string, unknown>>(request: ReturnType<typeof requestOf>, run: () => Promise<T>) =>
  dynamoIdempotency(engine.documents, "keys")(request, run);

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

test.for([{ caller: "sub-2" }, { operation: "cancelOperation" }])("a key is another's with %o", async (other) => {
  const request = requestOf();
  await once(request, async () => ({ mine: true }));
  expect(await once({ ...request, ...other }, async () => ({ mine: false }))).toEqual({ mine: false });
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
  const request = requestOf({ key: "a-key-to-look-for" });
  await once(request, async () => ({}));
  const { Items = [] } = await engine.documents.send(new ScanCommand({ TableName: "keys" }));
  const day = Date.now() / 1000 + 24 * 3600;
  expect(Items.every(({ expires_at }) => Math.abs(Number(expires_at) - day) < 120)).toBe(true);
  expect(JSON.stringify(Items)).not.toContain(request.key);
});
