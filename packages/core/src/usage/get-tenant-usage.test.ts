import { beforeEach, describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { memory, memoryRegistry } from "../testing/memory.ts";
import { getTenantUsage } from "./get-tenant-usage.ts";
import { shippedMeters } from "./meters.ts";
import { emptyHead } from "./pages.ts";
import { type MemoryChunks, memoryChunks } from "./testing/memory-chunks.ts";

const id = "ten_01JD0000000000000000000000";
const other = "ten_01JD0000000000000000000001";
const now = new Date("2026-11-20T14:30:00.000Z");
const hour = Date.UTC(2026, 10, 20, 13) / 3_600_000;
const ctx = (
  orgId = "org_platform",
  permissions: Context["actor"]["permissions"] = new Set(["usage:read"]),
): Context => ({
  actor: { id: "usr", orgId, permissions },
  requestId: "r",
});
const input = { tenantId: id, metric: "api_calls", from: "2026-11-20", to: "2026-11-21", window: "day" } as const;

let usage: MemoryChunks;
let ask: ReturnType<typeof getTenantUsage>;
beforeEach(async () => {
  const state = memory();
  const at = now.toISOString();
  for (const [tenantId, slug] of [
    [id, "acme"],
    [other, "umbrella"],
  ] as const)
    state.tenants.set(tenantId, {
      id: tenantId,
      slug,
      name: slug,
      tier: "standard",
      status: "active",
      config: { region: "us-east-1", features: [] },
      owner: { email: `owner@${slug}.example` },
      resources: {},
      created_at: at,
      updated_at: at,
    });
  usage = memoryChunks();
  const head = { ...emptyHead, version: 1, totals: { api_calls: { kind: "sum", sum: 3_500_000n, count: 4 } as const } };
  await usage.save({ tenantId: id, hour }, head, []);
  const meters = { list: async () => shippedMeters };
  ask = getTenantUsage({ registry: memoryRegistry(state), usage, meters, clock: () => now });
});

test("the answer is exact and whole", async () => {
  expect(await ask(ctx(), input)).toEqual({
    tenant_id: id,
    metric: "api_calls",
    unit: "call",
    window: "day",
    buckets: [
      { start: "2026-11-20T00:00:00.000Z", end: "2026-11-21T00:00:00.000Z", value: "3.5", count: 4, final: false },
    ],
    as_of: "2026-11-20T14:30:00.000Z",
  });
});

test("hours without usage, and another meter, come to 0", async () => {
  const hours = await ask(ctx(), { ...input, window: "hour" });
  expect(hours.buckets?.map(({ value }) => value)).toEqual(
    Array.from({ length: 24 }, (_, n) => (n === 13 ? "3.5" : "0")),
  );
  expect((await ask(ctx(), { ...input, metric: "compute_hours" })).buckets).toMatchObject([{ value: "0", count: 0 }]);
});

describe("who may ask", () => {
  test("the tenant itself", async () => {
    expect(await ask(ctx(id), input)).toMatchObject({ tenant_id: id });
  });

  test.for([
    ["another tenant, which learns nothing", ctx(other), id, "tenant-not-found"],
    ["nobody without the permission", ctx("org_platform", new Set(["tenants:read"])), id, "forbidden"],
    ["of a tenant that is none", ctx(), "ten_01JD0000000000000000000009", "tenant-not-found"],
    ["of what is no id", ctx(), "../../x", "tenant-not-found"],
  ] as const)("%s", async ([, context, tenantId, code]) => {
    await expect(ask(context, { ...input, tenantId })).rejects.toMatchObject({ code });
  });
});

test.for([
  [{ metric: "coffee" }, "invalid-request", "query:metric"],
  [{ metric: "constructor" }, "invalid-request", "query:metric"],
  [{ groupBy: ["plan"] }, "invalid-request", "query:group_by"],
  [{ groupBy: ["constructor"] }, "invalid-request", "query:group_by"],
  [{ to: "2026-11-19" }, "invalid-usage-window", "query:to"],
  [{ to: "2027-12-26" }, "invalid-usage-window", "query:to"],
] as const)("%o is refused", async ([change, code, pointer]) => {
  await expect(ask(ctx(), { ...input, ...change })).rejects.toMatchObject({ code, errors: [{ pointer }] });
});
