import { expect, test } from "vitest";
import { type ApiCall, countApiCalls, countsAsCall } from "./count-api-calls.ts";
import type { Packed } from "./pack.ts";

const tenant = "ten_01JD0000000000000000000000";
const call = (change: Partial<ApiCall> = {}): ApiCall => ({
  requestId: "request-1",
  at: Date.parse("2026-11-20T13:45:12.123Z"),
  status: 200,
  route: "GET /health",
  user: "sub-1",
  orgId: tenant,
  ...change,
});

test.for<[number, boolean]>([
  [200, true],
  [202, true],
  [304, true],
  [400, true],
  [404, true],
  [409, true],
  [412, true],
  [422, true],
  [401, false],
  [403, false],
  [429, false],
  [500, false],
  [502, false],
  [504, false],
])("a request that ends with %s counts: %s", ([status, counts]) => {
  expect(countsAsCall(call({ status }))).toBe(counts);
});

test("requests of the platform's staff are nobody's usage", () => {
  expect(countsAsCall(call({ orgId: "org_platform" }))).toBe(false);
});

const counter = (takes: boolean) => {
  const sent: Packed[] = [];
  const put = async (records: readonly Packed[]) => {
    sent.push(...records);
    return records.map(() => takes);
  };
  return { sent, count: countApiCalls({ sink: { put } }) };
};

test("each is an event of its tenant under the request's id", async () => {
  const { sent, count } = counter(true);
  const other = tenant.replace(/0$/, "1");
  const calls = [
    call(),
    call({ requestId: "request-2", orgId: other }),
    call({ status: 500 }),
    call({ requestId: "3" }),
  ];
  expect(await count(calls)).toBe(3);
  expect(sent.map(({ partitionKey, text }) => [partitionKey, text.split("\n").length])).toEqual([
    [tenant, 2],
    [other, 1],
  ]);
  expect(JSON.parse(sent[1]?.text ?? "")).toEqual({
    id: "request-2",
    tenant_id: other,
    metric: "api_calls",
    value: 1,
    timestamp: "2026-11-20T13:45:12.123Z",
    user_id: "sub-1",
    dimensions: { route: "GET /health" },
  });
});

test("what the stream does not take comes again", async () => {
  await expect(counter(false).count([call()])).rejects.toThrow(/1 of 1/);
});
