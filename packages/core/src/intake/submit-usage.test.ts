import { expect, test } from "vitest";
import type { Context } from "../context.ts";
import { platformOrg } from "../access/policy.ts";
import { parseEvent } from "../usage/event.ts";
import { meterTable, shippedMeters } from "../usage/meters.ts";
import type { Packed } from "./pack.ts";
import { mayImprove, submitUsage } from "./submit-usage.ts";

const own = "ten_01JD0000000000000000000000";
const other = "ten_01JD0000000000000000000001";
const deleted = "ten_01JD0000000000000000000002";
const now = new Date("2026-11-20T13:45:00Z");

const caller = (orgId: string, permitted = true): Context => ({
  actor: { id: "user-1", orgId, permissions: new Set(permitted ? (["usage:write"] as const) : []) },
  requestId: "r",
});

/** The verb with a stream that takes everything but the records of `refuses`. */
const intake = (refuses: (record: Packed) => boolean = () => false) => {
  const sent: Packed[] = [];
  let made = 0;
  const submit = submitUsage({
    parse: async (text, at) => parseEvent(text, meterTable(shippedMeters), at, at),
    standing: async (id) => (id === deleted ? "deleted" : id === own || id === other ? "known" : "unknown"),
    sink: {
      put: async (records) => {
        sent.push(...records);
        return records.map((record) => !refuses(record));
      },
    },
    clock: () => now,
    eventId: (seed) => (seed === undefined ? `new-${made++}` : `of ${seed}`),
  });
  const lines = () => sent.flatMap(({ text }) => text.split("\n"));
  const events = () => lines().map((line) => JSON.parse(line) as Record<string, unknown>);
  return { submit, sent, lines, events };
};

const event = (change: object = {}) => ({
  tenant_id: own,
  metric: "api_calls",
  value: 1,
  timestamp: now.toISOString(),
  ...change,
});

const cloudEvent = (change: object = {}) => ({
  specversion: "1.0",
  id: "1",
  source: "/orders",
  type: "api_calls",
  subject: own,
  time: now.toISOString(),
  data: { value: 2.5, user_id: "u", dimensions: { route: "/x" } },
  traceparent: "00-1",
  ...change,
});

test("a tenant's members send their own tenant's events and nobody else's", async () => {
  const { submit, events } = intake();
  const body = [event(), event({ tenant_id: undefined }), event({ tenant_id: other })];
  const answers = await submit(caller(own), { format: "plain", body });
  expect(answers).toEqual({
    accepted: 2,
    rejected: 1,
    events: [
      { index: 0, status: "accepted", id: "new-0" },
      { index: 1, status: "accepted", id: "new-1" },
      {
        index: 2,
        status: "rejected",
        retryable: false,
        code: "unknown-tenant",
        detail: "There is no such tenant.",
        pointer: "/tenant_id",
      },
    ],
  });
  expect(events()).toMatchObject([
    { id: "new-0", tenant_id: own },
    { id: "new-1", tenant_id: own },
  ]);
});

test("the platform's staff send any tenant's events, each tenant's in a record of its own", async () => {
  const { submit, sent } = intake();
  const body = [event(), event({ tenant_id: other }), event({ id: "mine" })];
  const { accepted } = await submit(caller(platformOrg), { format: "plain", body });
  expect(accepted).toBe(3);
  expect(sent.map(({ partitionKey, indexes }) => [partitionKey, indexes])).toEqual([
    [own, [0, 2]],
    [other, [1]],
  ]);
});

test("without the permission nothing is taken", async () => {
  const { submit, sent } = intake();
  await expect(submit(caller(own, false), { format: "plain", body: event() })).rejects.toMatchObject({
    code: "forbidden",
  });
  expect(sent).toEqual([]);
});

test.for<[string, unknown, string, string]>([
  ["null", null, "not-an-object", ""],
  ["a list in the list", [event()], "not-an-object", ""],
  ["an unknown field", event({ "a/b": 1 }), "unknown-field", "/a~1b"],
  ["no tenant", event({ tenant_id: undefined }), "invalid-tenant", "/tenant_id"],
  ["a tenant's name", event({ tenant_id: "tenant_123" }), "invalid-tenant", "/tenant_id"],
  ["a tenant that is not there", event({ tenant_id: own.replace(/0$/, "9") }), "unknown-tenant", "/tenant_id"],
  ["a tenant that was deleted", event({ tenant_id: deleted }), "deleted-tenant", "/tenant_id"],
  ["an unknown metric", event({ metric: "coffee" }), "unknown-metric", "/metric"],
  ["a value in words", event({ value: "1" }), "invalid-value", "/value"],
  ["a negative value", event({ value: -1 }), "invalid-value", "/value"],
  ["seven decimals", event({ value: 0.1234567 }), "invalid-value", "/value"],
  ["an enormous value", event({ value: 1e300 }), "invalid-value", "/value"],
  ["no timestamp", event({ timestamp: undefined }), "invalid-timestamp", "/timestamp"],
  ["a timestamp in words", event({ timestamp: "yesterday" }), "invalid-timestamp", "/timestamp"],
  ["the year 9999", event({ timestamp: "9999-01-01T00:00:00Z" }), "too-early", "/timestamp"],
  ["36 days ago", event({ timestamp: "2026-10-15T13:00:00Z" }), "too-late", "/timestamp"],
  ["a long id", event({ id: "i".repeat(10_000) }), "invalid-id", "/id"],
  ["a user that is a number", event({ user_id: 7 }), "invalid-user", "/user_id"],
  ["a dimension that is a number", event({ dimensions: { a: 1 } }), "invalid-dimensions", "/dimensions"],
])("%s is refused where it stands, and what is beside it is taken", async ([, bad, code, pointer]) => {
  const { submit, events } = intake();
  const answers = await submit(caller(platformOrg), { format: "plain", body: [event(), bad, event()] });
  expect(answers).toMatchObject({
    accepted: 2,
    events: [
      { status: "accepted" },
      { index: 1, status: "rejected", code, pointer, retryable: false, detail: expect.stringMatching(/./) },
      { status: "accepted" },
    ],
  });
  expect(events()).toHaveLength(2);
  if (Array.isArray(bad)) return;
  await expect(submit(caller(platformOrg), { format: "plain", body: bad })).rejects.toMatchObject({
    code: "invalid-usage-event",
    errors: [{ pointer, detail: expect.stringContaining(code) }],
  });
});

test("a CloudEvent is an event: type the meter, subject the tenant, source and id the identity", async () => {
  const { submit, events } = intake();
  await submit(caller(platformOrg), { format: "cloudevents", body: cloudEvent() });
  expect(events()).toEqual([
    {
      id: "/orders 1",
      tenant_id: own,
      metric: "api_calls",
      value: 2.5,
      timestamp: now.toISOString(),
      user_id: "u",
      dimensions: { route: "/x" },
    },
  ]);
});

test.for<[string, object, string, string]>([
  ["another version", { specversion: "0.3" }, "invalid-cloudevent", "/specversion"],
  ["no source", { source: undefined }, "invalid-cloudevent", "/source"],
  ["an empty id", { id: "" }, "invalid-cloudevent", "/id"],
  ["no data", { data: undefined }, "invalid-cloudevent", "/data"],
  ["data in base64", { data_base64: "e30=" }, "invalid-cloudevent", "/data_base64"],
  ["data as XML", { datacontenttype: "text/xml" }, "invalid-cloudevent", "/datacontenttype"],
  ["stray data", { data: { value: 1, metric: "x" } }, "unknown-field", "/data/metric"],
  ["a negative value", { data: { value: -1 } }, "invalid-value", "/data/value"],
  ["another's subject", { subject: "ten_01JD0000000000000000000009" }, "unknown-tenant", "/subject"],
  ["an unknown type", { type: "coffee" }, "unknown-metric", "/type"],
  ["no time", { time: undefined }, "invalid-timestamp", "/time"],
])("a CloudEvent with %s is refused where it stands", async ([, change, code, pointer]) => {
  const { submit } = intake();
  const body = [cloudEvent(), cloudEvent(change)];
  expect((await submit(caller(platformOrg), { format: "cloudevents", body })).events).toMatchObject([
    { status: "accepted" },
    { status: "rejected", code, pointer },
  ]);
});

test("what the stream does not take may be sent again, under the ids it had", async () => {
  const { submit } = intake(({ partitionKey }) => partitionKey === other);
  const body = [event(), event({ tenant_id: other }), event({ tenant_id: other, id: "mine" })];
  const answers = await submit(caller(platformOrg), { format: "plain", body });
  expect(answers).toMatchObject({
    accepted: 1,
    rejected: 2,
    events: [
      { status: "accepted" },
      { status: "rejected", code: "unavailable", retryable: true, id: "new-1" },
      { status: "rejected", code: "unavailable", retryable: true, id: "mine" },
    ],
  });
  expect(mayImprove(answers)).toBe(true);
  const down = intake(() => true);
  await expect(down.submit(caller(own), { format: "plain", body: event() })).rejects.toMatchObject({
    code: "unavailable",
  });
});

test("under one Idempotency-Key events without an id always get the same ones", async () => {
  const { submit, events } = intake();
  const body = [event(), event({ id: "mine" }), event()];
  await submit(caller(own), { format: "plain", body, key: "k" });
  await submit(caller(own), { format: "plain", body, key: "k" });
  const ids = events().map(({ id }) => id);
  expect(ids.slice(0, 3)).toEqual(ids.slice(3));
  expect(new Set(ids).size).toBe(3);
});

test("many events of one tenant make records that Kinesis takes", async () => {
  const { submit, sent, lines } = intake();
  const body = Array.from({ length: 1000 }, () => event({ user_id: "ü".repeat(256), id: "i".repeat(256) }));
  expect((await submit(caller(own), { format: "plain", body })).accepted).toBe(1000);
  expect(lines()).toHaveLength(1000);
  expect(sent.length).toBeGreaterThan(1);
  for (const { text } of sent) expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
});
