import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { type AnsweredRequest, auditDenials } from "@tenantry/core/audit/denials";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditPartition } from "./control-table.ts";
import { dynamoDenials } from "./denials.ts";
import { newId } from "./new-id.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

let engine: Engine;
const table = "control";
beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, table);
});
afterAll(() => engine.stop());

const start = Date.parse("2026-11-20T12:00:30.000Z");
let serial = 0;
const aTenant = () => `ten_${String(++serial).padStart(26, "0")}`;
const request = (orgId: string, change: Partial<AnsweredRequest> = {}): AnsweredRequest => ({
  requestId: `r${++serial}`,
  at: start,
  status: 403,
  route: "GET /admin/plans",
  permission: "plans:read",
  user: "u",
  orgId,
  sourceIp: "203.0.113.7",
  userAgent: "curl/8",
  ...change,
});
const deny = (requests: readonly AnsweredRequest[], after = 0) =>
  auditDenials({ counts: dynamoDenials(engine.documents, table), clock: () => new Date(start + after), newId })(
    requests,
  );

const entriesOf = async (tenant: string) => {
  const { Items = [] } = await engine.documents.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": auditPartition(tenant) },
    }),
  );
  return Items.filter(({ entity }) => entity === "audit");
};

test("a flood makes two entries a minute, which count all of it", async () => {
  const tenant = aTenant();
  const batch = Array.from({ length: 500 }, () => request(tenant));
  expect(await deny(batch)).toBe(1);
  // Several deliver at once, and one after the other.
  await Promise.all([deny(batch), deny(batch), deny(batch)]);
  await deny([request(tenant)], 20_000);
  expect(await entriesOf(tenant)).toHaveLength(1);
  expect(await deny([], 90_000)).toBe(1);
  expect(await deny([], 90_000)).toBe(0);
  const entries = await entriesOf(tenant);
  expect(entries).toMatchObject([
    {
      action: "access.deny",
      actor: "u",
      result: "denied",
      target: "GET /admin/plans",
      source_ip: "203.0.113.7",
      user_agent: "curl/8",
      request_id: batch[0]?.requestId,
      after: { permission: "plans:read", status: 403, count: 500, minute: "2026-11-20T12:00:00.000Z" },
    },
    { after: { count: 1501 } },
  ]);
});

test("what comes late to a minute that was told is told as well", async () => {
  const tenant = aTenant();
  await deny([request(tenant)]);
  await deny([request(tenant)], 10_000);
  await deny([], 90_000);
  await deny([request(tenant), request(tenant)], 100_000);
  await deny([], 110_000);
  expect((await entriesOf(tenant)).map(({ after }) => (after as { count: number }).count)).toEqual([1, 1, 2]);
});

test("callers, permissions, minutes and organisations are apart", async () => {
  const [one, other] = [aTenant(), aTenant()];
  const acting = { user_id: "owner", impersonation_id: "imp_1" };
  const requests = [
    request(one),
    request(one, { user: "v", onBehalfOf: acting }),
    request(one, { permission: "plans:write", route: "PUT /admin/plans/{tier}" }),
    request(one, { at: start + 60_000 }),
    request(other),
  ];
  expect(await deny(requests)).toBe(5);
  const entries = await entriesOf(one);
  expect(entries).toHaveLength(4);
  expect(entries.find(({ actor }) => actor === "v")?.["on_behalf_of"]).toEqual({ ...acting, reason: null });
  expect(await entriesOf(other)).toHaveLength(1);
});

test("a denial is a 403, and a 404 for what a tenant's user named; whoever has no organisation is the platform's", async () => {
  const tenant = aTenant();
  const named = "GET /admin/tenants/{tenant_id}";
  const none = [
    request(tenant, { status: 200 }),
    request(tenant, { status: 401 }),
    request(tenant, { status: 404, route: "GET /api/usage" }),
    request("org_platform", { status: 404, route: named }),
  ];
  expect(await deny(none)).toBe(0);
  expect(await deny([request(tenant, { status: 404, route: named }), request("", { user: "nobody" })])).toBe(2);
  expect(await entriesOf(tenant)).toMatchObject([{ after: { status: 404 } }]);
  expect(await entriesOf("org_platform")).toMatchObject([{ actor: "nobody" }]);
});
