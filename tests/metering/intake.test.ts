import { randomUUID } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { beforeAll, expect, test } from "vitest";
import { onboard, poll, send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// Events over HTTP, through the deployed API, function, stream and consumer, to the usage answer.

let admin: string;
let owner: string;
let own: string;
let other: string;

beforeAll(async () => {
  admin = await signIn(ready());
  const tenant = await aTenantWithOwner(ready(), admin, `Intake ${randomUUID().slice(0, 8)}`, "standard");
  own = tenant.id;
  owner = await acceptInvitation(ready(), tenant.email, ready().client_id);
  const { operation } = await onboard(ready(), admin, { name: `Intake ${randomUUID()}`, tier: "standard" });
  other = operation.tenant_id as string;
});

/** Faults that hit the requests of the function that takes in events of this tenant, and nobody else's. */
const faults = async (tenant: string, rules: readonly object[]): Promise<void> => {
  const client = new AwsClient({
    accessKeyId: "test",
    secretAccessKey: "test",
    service: "faults",
    region: "us-east-1",
  });
  const url = new URL("/_faults", ready().aws_endpoint_url).href;
  const body = rules.map((rule) => ({ service: "kinesis", action: "PutRecords", invocation: [tenant], ...rule }));
  const answer = await client.fetch(rules.length === 0 ? `${url}?invocation=${tenant}` : url, {
    method: rules.length === 0 ? "DELETE" : "POST",
    ...(rules.length === 0 ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
};

const post = (body: unknown, token: string, headers: Record<string, string> = {}) =>
  send(ready(), "POST", "/usage/events", { token, body, headers });

const event = (change: object = {}) => ({
  metric: "api_calls",
  value: 1,
  timestamp: new Date().toISOString(),
  ...change,
});

type Bucket = { value: string; count: number };
const usageOf = async (tenantId: string, metric: string) => {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const to = new Date(Date.now() + 3_600_000).toISOString();
  const path = `/admin/tenants/${tenantId}/usage?metric=${metric}&from=${from}&to=${to}&window=month`;
  const { body, text } = await send(ready(), "GET", path, { token: admin });
  if (!Array.isArray(body.buckets)) throw new Error(text);
  const used = (body.buckets as Bucket[]).filter(({ count }) => count > 0);
  return { used, count: used.reduce((sum, { count }) => sum + count, 0) };
};
const until = (tenantId: string, metric: string, least: number) =>
  poll(
    () => usageOf(tenantId, metric),
    ({ count }) => count >= least,
  );

test("a tenant's owner sends events of the own tenant, and each counts exactly as it is written", async () => {
  // More digits than a double holds.
  const text = `[{"metric": "compute_hours", "value": 123456789012.123457, "timestamp": "${new Date().toISOString()}"},
    {"metric": "compute_hours", "value": 0.1, "timestamp": "${new Date().toISOString()}"},
    {"tenant_id": "${other}", "metric": "compute_hours", "value": 5, "timestamp": "${new Date().toISOString()}"},
    {"metric": "compute_hours", "value": -1, "timestamp": "${new Date().toISOString()}"}]`;
  const { status, body } = await post(text, owner);
  expect([status, body.accepted, body.rejected]).toEqual([200, 2, 2]);
  expect(body.events).toMatchObject([
    { index: 0, status: "accepted", id: expect.stringMatching(/^evt_/) },
    { index: 1, status: "accepted" },
    { index: 2, status: "rejected", code: "unknown-tenant", pointer: "/tenant_id", retryable: false },
    { index: 3, status: "rejected", code: "invalid-value", pointer: "/value", retryable: false },
  ]);
  expect((await until(own, "compute_hours", 2)).used).toMatchObject([{ value: "123456789012.223457", count: 2 }]);
  expect((await usageOf(other, "compute_hours")).count).toBe(0);
});

test("an API key sends its own tenant's events, if its scopes say so", async () => {
  const keyOf = async (scope: string) => {
    const body = { name: scope, scopes: [scope] };
    return (await send(ready(), "POST", "/api/api-keys", { token: owner, body })).body.key as string;
  };
  const users = ["ada", "bob", "ada"].map((user_id) => event({ metric: "active_users", user_id }));
  const { status, body } = await post(users, await keyOf("usage:write"));
  expect([status, body.accepted]).toEqual([200, 3]);
  expect((await post(users, await keyOf("usage:read"))).status).toBe(403);
  expect((await until(own, "active_users", 2)).used).toMatchObject([{ value: "2", count: 2 }]);
});

test("a thousand events, single ones and CloudEvents of both kinds count; what is sent again does not", async () => {
  const batch = Array.from({ length: 1000 }, (_, n) => event({ tenant_id: other, id: `batch-${n}` }));
  for (let round = 0; round < 2; round++) expect((await post(batch, admin)).body.accepted).toBe(1000);
  const cloudEvent = (id: string) => ({
    specversion: "1.0",
    id,
    source: "/orders",
    type: "api_calls",
    subject: other,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data: { value: 1 },
  });
  const structured = { "content-type": "application/cloudevents+json; charset=utf-8" };
  const batched = { "content-type": "application/cloudevents-batch+json" };
  expect((await post(cloudEvent("1"), admin, structured)).body.accepted).toBe(1);
  expect((await post([cloudEvent("1"), cloudEvent("2")], admin, batched)).body.accepted).toBe(2);
  expect((await post(event({ tenant_id: other, id: "last" }), admin)).body.accepted).toBe(1);
  const { count } = await until(other, "api_calls", 1003);
  expect(count).toBe(1003);
});

test("through a stream that throttles and loses replies each event is accepted and counts once", async () => {
  const tenant = (await onboard(ready(), admin, { name: `Intake ${randomUUID()}`, tier: "standard" })).operation
    .tenant_id as string;
  await faults(tenant, [
    { kind: "throttle", times: 2 },
    { kind: "lost-reply", skip: 2, times: 4 },
  ]);
  const batch = Array.from({ length: 20 }, () => event({ tenant_id: tenant }));
  const { status, body } = await post(batch, admin);
  expect([status, body.accepted]).toEqual([200, 20]);
  await faults(tenant, []);
  await post(event({ tenant_id: tenant }), admin);
  expect((await until(tenant, "api_calls", 21)).count).toBe(21);
});

test("a stream that takes nothing is a 503, and the same request under its key counts once it is there again", async () => {
  const tenant = (await onboard(ready(), admin, { name: `Intake ${randomUUID()}`, tier: "standard" })).operation
    .tenant_id as string;
  const body = [event({ tenant_id: tenant }), event({ tenant_id: tenant })];
  const key = { "idempotency-key": randomUUID() };
  // The stream has them, and never says so.
  await faults(tenant, [{ kind: "lost-reply" }]);
  const down = await post(body, admin, key);
  expect([down.status, down.body.type, down.headers.get("retry-after")]).toEqual([503, "/problems/unavailable", "1"]);
  await faults(tenant, []);
  expect((await post(body, admin, key)).body.accepted).toBe(2);
  expect((await post(body, admin, key)).body.accepted).toBe(2);
  await post(event({ tenant_id: tenant }), admin);
  expect((await until(tenant, "api_calls", 3)).count).toBe(3);
});

test.for<[string, unknown, number, string]>([
  ["no list and no event", "7", 400, "invalid-request"],
  ["an empty list", [], 400, "invalid-request"],
  ["1,001 events", Array.from({ length: 1001 }, () => event()), 400, "invalid-request"],
  ["no JSON", "value=1", 400, "invalid-json"],
  ["3 MB", [event({ user_id: "u".repeat(3_000_000) })], 413, "body-too-large"],
  ["one bad event", event({ value: "1" }), 400, "invalid-usage-event"],
])("%s is a problem", async ([, body, status, code]) => {
  const answer = await post(body, owner);
  expect([answer.status, answer.body.type], answer.text.slice(0, 300)).toEqual([status, `/problems/${code}`]);
});

test("without a token or the permission nothing is taken", async () => {
  const { status } = await send(ready(), "POST", "/usage/events", { body: event() });
  expect(status).toBe(401);
});
