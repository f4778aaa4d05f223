import { describe, expect, test } from "vitest";
import { dayMs, hourMs } from "./accept.ts";
import { isRejection, parseEvent } from "./event.ts";
import { parseSeries } from "./series.ts";
import { type Meter, meterTable, shippedMeters } from "./meters.ts";

const tenant = "ten_01JD0000000000000000000000";
const now = Date.UTC(2026, 10, 20, 14, 0, 0);
const whole = { tenant_id: tenant, metric: "api_calls", value: 1, timestamp: "2026-11-20T13:45:12.123456" };
const dims = { dimensions: [{ name: "plan" }, { name: "region" }], cardinality_limit: 10 };
const others: Meter[] = [
  { name: "seats", unit: "seat", aggregation: "max", decimals: 0, ...dims },
  { name: "price", unit: "euro", aggregation: "latest", decimals: 2, ...dims },
  { name: "logins", unit: "login", aggregation: "count", decimals: 6, ...dims },
];
const meters = meterTable([...shippedMeters, ...others]);
const parse = (event: object, arrivedAt = now) => parseEvent(JSON.stringify(event), meters, arrivedAt, now);

test("an event as every Kinesis client can send it", () => {
  expect(parse(whole)).toEqual({
    tenantId: tenant,
    meter: meters.get("api_calls"),
    series: "api_calls",
    micros: 1_000_000,
    at: Date.UTC(2026, 10, 20, 13, 45, 12, 123),
    hour: Date.UTC(2026, 10, 20, 13) / hourMs,
    id: undefined,
    user: undefined,
  });
});

test("fields it does not know are let through, id, user and dimensions taken", () => {
  const more = { id: "01-a", user_id: "u1", dimensions: { route: "/x" }, extra: [1] };
  expect(parse({ ...whole, ...more })).toMatchObject({ id: "01-a" });
  expect(parse({ ...whole, id: null })).toMatchObject({ id: undefined });
});

describe("the series is the meter and the dimensions that it declares", () => {
  const seats = { ...whole, metric: "seats" };
  test.for([
    [undefined, "seats"],
    [null, "seats"],
    [{}, "seats"],
    [{ route: "/x" }, "seats"],
    [{ region: "eu 1", route: "/x", plan: "a|b=c" }, "seats|plan=a%7Cb%3Dc|region=eu%201"],
    [{ region: "eu" }, "seats|region=eu"],
    [{ constructor: "x", plan: "é😀" }, `seats|plan=${encodeURIComponent("é😀")}`],
  ] as const)("%o: %s", ([dimensions, series]) => {
    expect(parse({ ...seats, dimensions })).toMatchObject({ series });
    const declared = Object.entries(dimensions ?? {}).filter(([name]) => name === "plan" || name === "region");
    expect(parseSeries(series).dimensions).toEqual(Object.fromEntries(declared));
  });
});

test("where only events or users are counted, a value may be left out", () => {
  const { value: _, ...none } = whole;
  expect(parse({ ...none, metric: "logins" })).toMatchObject({ series: "logins" });
  expect(parse({ ...none, metric: "active_users", user_id: "u" })).toMatchObject({ user: "u" });
  expect(parse({ ...none, metric: "seats" })).toMatchObject({ reason: "invalid-value" });
});

describe("the accept window is judged by the arrival", () => {
  const at = (ms: number) => ({ ...whole, timestamp: new Date(ms).toISOString() });
  test.for([
    [now - 35 * dayMs, true],
    [now - 35 * dayMs - 1, false],
    [now + 5 * 60_000, true],
    [now + 5 * 60_000 + 1, false],
  ] as const)("%s", ([ms, accepted]) => expect(isRejection(parse(at(ms)))).toBe(!accepted));

  test("a redelivery days later gets the same verdict", () => {
    const arrived = now - 3 * dayMs;
    expect(parse(at(arrived - 34 * dayMs), arrived)).toMatchObject({ tenantId: tenant });
  });

  test("an hour that an answer has called final takes no more events", () => {
    const arrived = now - 8 * dayMs;
    expect(parse(at(arrived - 35 * dayMs + hourMs), arrived)).toMatchObject({ reason: "too-late" });
  });
});

test.for([
  ["not-json", "hello"],
  ["not-json", ""],
  ["not-json", '{"value": NaN}'],
  ["not-an-object", "[]"],
  ["not-an-object", "null"],
  ["not-an-object", "17"],
] as const)("%s: %s", ([reason, text]) => expect(parseEvent(text, meters, now, now)).toMatchObject({ reason }));

test.for([
  ["invalid-tenant", { tenant_id: undefined }],
  ["invalid-tenant", { tenant_id: "tenant_123" }],
  ["invalid-tenant", { tenant_id: 5 }],
  ["unknown-metric", { metric: "toString" }],
  ["unknown-metric", { metric: null }],
  ["invalid-user", { metric: "active_users" }],
  ["invalid-value", { metric: "active_users", user_id: "u", value: "many" }],
  ["invalid-value", { metric: "seats", value: 1.5 }],
  ["invalid-value", { metric: "price", value: 1.001 }],
  ["invalid-value", { metric: "price", value: 99_999_999_999.001 }],
  ["invalid-dimensions", { dimensions: { plan: "\ud800" } }],
  ["invalid-dimensions", { dimensions: { plan: "" } }],
  ["invalid-dimensions", { dimensions: { plan: "x".repeat(257) } }],
  ["invalid-dimensions", { dimensions: ["plan"] }],
  ["invalid-value", { value: "1" }],
  ["invalid-value", { value: -0.5 }],
  ["invalid-value", { value: 1e300 }],
  ["invalid-value", { value: 1.0000001 }],
  ["invalid-value", { value: undefined }],
  ["invalid-timestamp", { timestamp: "yesterday" }],
  ["invalid-timestamp", { timestamp: undefined }],
  ["invalid-timestamp", { timestamp: 1_763_646_312 }],
  ["too-early", { timestamp: "9999-01-01T00:00:00Z" }],
  ["too-late", { timestamp: "2026-10-15T13:45:12" }],
  ["invalid-id", { id: "x".repeat(10_000) }],
  ["invalid-id", { id: "" }],
  ["invalid-id", { id: 7 }],
  ["invalid-user", { user_id: {} }],
  ["invalid-dimensions", { dimensions: { a: 1 } }],
  ["invalid-dimensions", { dimensions: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`d${n}`, "x"])) }],
] as const)("%s: %o", ([reason, change]) => expect(parse({ ...whole, ...change })).toMatchObject({ reason }));

test("a large fraction keeps every digit that was written, whatever else is called value", () => {
  const text = `{"dimensions":{"value":"3"},"value":123456789012.654321,"tenant_id":"${tenant}","metric":"api_calls","timestamp":"2026-11-20T13:00:00Z","extra":{"value":7}}`;
  expect(parseEvent(text, meters, now, now)).toMatchObject({ micros: 123_456_789_012_654_321n });
});
