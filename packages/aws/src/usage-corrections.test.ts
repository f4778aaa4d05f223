import { DeleteCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import type { Context } from "@tenantry/core/context";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { applyPending } from "@tenantry/core/usage/apply-adjustment";
import {
  type CreateAdjustment,
  createAdjustment,
  type CreateAdjustmentPorts,
} from "@tenantry/core/usage/create-adjustment";
import { formatMicros } from "@tenantry/core/usage/decimal";
import { listAdjustments } from "@tenantry/core/usage/list-adjustments";
import { meterTable, shippedMeters } from "@tenantry/core/usage/meters";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import { rebuildUsage } from "@tenantry/core/usage/rebuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { recordOf } from "./testing/usage-engine.ts";
import { startUsageCloud, type UsageCloud } from "./testing/usage-cloud.ts";
import { dynamoUsageTotals } from "./usage-totals.ts";

// Corrections and rebuilds on the cloud's own engines: what is kept is what the archive says, corrected or not.

const hourMs = 3_600_000;
const now = Date.UTC(2026, 10, 20, 14, 30);
const hour = Math.floor(now / hourMs);
let cloud: UsageCloud;
beforeAll(async () => {
  cloud = await startUsageCloud(() => new Date(now));
});
afterAll(() => cloud.stop());

const ctx: Context = {
  actor: { id: "ada", orgId: "org_platform", permissions: new Set(["usage:adjust"]) },
  requestId: "request",
};

let sequence = 0;
const record = (tenant_id: string, change: object = {}, arrivedAt = now - 1000): IncomingRecord =>
  recordOf(
    { tenant_id, metric: "compute_hours", value: 1.5, timestamp: new Date(now - 5000).toISOString(), ...change },
    { sequence: ++sequence, arrivedAt },
  );

const create = (change: Partial<CreateAdjustmentPorts> = {}) =>
  createAdjustment({
    ...cloud.corrections(),
    registry: { getTenant: async (id) => (id === unknown ? null : aTenant({ id })) },
    ...change,
  });
const unknown = newId("tenant");

const common = (tenantId: string) => ({
  tenantId,
  metric: "compute_hours",
  timestamp: new Date(now - 5000).toISOString(),
  reason: "A load test of ours.",
});
const adjust = (tenantId: string, value: string, change: object = {}): CreateAdjustment => ({
  ...common(tenantId),
  type: "adjust",
  value,
  dimensions: {},
  ...change,
});
const voidOf = (tenantId: string, eventId: string, change: object = {}): CreateAdjustment => ({
  ...common(tenantId),
  type: "void",
  eventId,
  ...change,
});

const totalOf = async (tenant: string, metric = "compute_hours") => {
  const [found] = await dynamoUsageTotals("usage", cloud.documents).hours(tenant, hour, hour + 1);
  const total = found?.totals[metric];
  return total?.kind === "sum" ? [formatMicros(total.sum), total.count] : [total?.kind, total?.count];
};

const rebuild = (tenant: string, full = true, range = { from: hour - 48, to: hour + 1 }) =>
  rebuildUsage(cloud.rebuilding())(tenant, range, meterTable(shippedMeters), full);

const problem = (code: string, pointer?: string) => ({
  code,
  ...(pointer === undefined ? {} : { errors: [expect.objectContaining({ pointer })] }),
});

describe("a correction", () => {
  test("asked for again under its key is the same one, whether the first run got as far as counting it or not", async () => {
    const tenant = newId("tenant");
    await cloud.meter()([record(tenant, { id: "first" })]);
    const key = crypto.randomUUID();
    const died = {
      onPending: () => undefined,
      archive: { ...cloud.corrections().archive, put: () => Promise.reject() },
    };
    const one = await create(died)(ctx, adjust(tenant, "2", { key }));
    expect(one.status).toBe("pending");
    expect(await totalOf(tenant)).toEqual(["1.5", 1]);
    for (let again = 0; again < 2; again += 1)
      expect(await create()(ctx, adjust(tenant, "2", { key }))).toMatchObject({ id: one.id, status: "applied" });
    expect(await totalOf(tenant)).toEqual(["3.5", 2]);
    for (const another of [adjust(tenant, "3", { key }), voidOf(tenant, "first", { key })])
      await expect(create()(ctx, another)).rejects.toMatchObject(problem("idempotency-key-reused"));
    const other = { ...ctx, actor: { ...ctx.actor, id: "bob" } };
    expect((await create()(other, adjust(tenant, "2", { key }))).id).not.toBe(one.id);

    const gone = await create()(ctx, voidOf(tenant, "first", { key: `${key}-2` }));
    expect(await create()(ctx, voidOf(tenant, "first", { key: `${key}-2` }))).toEqual(gone);
    await expect(create()(ctx, voidOf(tenant, "first"))).rejects.toMatchObject(problem("state-conflict"));
  });

  test("adds exactly, below zero too, has an author and a reason, and is in the audit trail", async () => {
    const tenant = newId("tenant");
    await cloud.meter()([record(tenant), record(tenant)]);
    const made = await create()(ctx, adjust(tenant, "-12.000001"));
    expect(made).toMatchObject({
      status: "applied",
      author: "ada",
      reason: "A load test of ours.",
      value: "-12.000001",
    });
    expect(await totalOf(tenant)).toEqual(["-9.000001", 3]);
    const { items } = await listAdjustments(cloud.corrections())(ctx, { tenantId: tenant }, { limit: 5, after: null });
    expect(items).toEqual([made]);
    const trail = await cloud.documents.send(
      new QueryCommand({
        TableName: "control",
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": `AUDIT#${tenant}` },
      }),
    );
    expect(trail.Items).toMatchObject([{ action: "usage.adjust", actor: "ada", after: { id: made.id } }]);
    expect(await rebuild(tenant)).toMatchObject({ events: 3, differences: [] });
  });

  test("that died midway is applied by the sweep, once", async () => {
    const tenant = newId("tenant");
    const dead = { applied: () => Promise.reject(new Error("killed")) };
    const ports = cloud.corrections();
    const made = await create({ adjustments: { ...ports.adjustments, ...dead } })(ctx, adjust(tenant, "7"));
    expect(made.status).toBe("pending");
    expect(await totalOf(tenant)).toEqual(["7", 1]);
    for (let round = 0; round < 2; round++)
      expect(await applyPending(cloud.corrections())(10)).toEqual({
        applied: round === 0 ? [made.id] : [],
        failed: [],
      });
    expect(await totalOf(tenant)).toEqual(["7", 1]);
    expect(await ports.adjustments.get(made.id)).toMatchObject({ status: "applied" });
  });

  test("voids an event of any kind of meter, once, and the event that comes again stays void", async () => {
    const tenant = newId("tenant");
    const records = [
      record(tenant, { id: "a" }),
      record(tenant, { id: "b", value: 10 }),
      record(tenant, { id: "a", metric: "storage_gb", value: 5 }),
      record(tenant, { id: "c", metric: "storage_gb", value: 9 }),
    ];
    await cloud.meter()(records);
    await create()(ctx, voidOf(tenant, "b"));
    await create()(ctx, voidOf(tenant, "c", { metric: "storage_gb" }));
    await cloud.meter()([...records, record(tenant, { id: "b", value: 10 })]);
    expect(await totalOf(tenant)).toEqual(["1.5", 1]);
    expect(await totalOf(tenant, "storage_gb")).toEqual(["time_weighted_average", 1]);
    expect(await rebuild(tenant)).toMatchObject({ events: 2, differences: [] });
    await expect(create()(ctx, voidOf(tenant, "b"))).rejects.toMatchObject(problem("state-conflict"));
  });

  test("voids an event of a user, who counts on only with another, and the rebuild says the same", async () => {
    const tenant = newId("tenant");
    const users = async () => {
      const [found] = await dynamoUsageTotals("usage", cloud.documents).users(tenant, "active_users", hour, hour + 1);
      return [found?.count ?? 0, (await found?.ids())?.reduce((sum, page) => sum + page.byteLength / 8, 0) ?? 0];
    };
    const event = (id: string, user_id: string) => record(tenant, { metric: "active_users", value: 1, id, user_id });
    await cloud.meter()([event("a", "ada"), event("b", "bob"), event("c", "ada")]);
    const ofUsers = { metric: "active_users" };
    expect(await create()(ctx, voidOf(tenant, "a", ofUsers))).toMatchObject({ status: "applied" });
    expect(await users()).toEqual([2, 2]);
    await create()(ctx, voidOf(tenant, "c", ofUsers));
    expect(await users()).toEqual([1, 1]);
    await expect(create()(ctx, voidOf(tenant, "c", ofUsers))).rejects.toMatchObject(problem("state-conflict"));
    await cloud.meter()([event("a", "ada"), event("c", "ada")]);
    expect(await users()).toEqual([1, 1]);
    expect(await rebuild(tenant)).toMatchObject({ events: 1, differences: [] });
    await cloud.meter()([event("d", "ada")]);
    expect(await users()).toEqual([2, 2]);
    expect(await rebuild(tenant)).toMatchObject({ events: 2, differences: [] });
  });

  test("of two voids of one event at once, one is taken", async () => {
    const tenant = newId("tenant");
    await cloud.meter()([record(tenant, { id: "a" }), record(tenant, { id: "b" })]);
    const both = await Promise.allSettled([create()(ctx, voidOf(tenant, "a")), create()(ctx, voidOf(tenant, "a"))]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await totalOf(tenant)).toEqual(["1.5", 1]);
  });

  test("can be voided itself, but not twice, and a void cannot", async () => {
    const tenant = newId("tenant");
    const made = await create()(ctx, adjust(tenant, "4"));
    const voided = await create()(ctx, voidOf(tenant, made.id));
    expect(await totalOf(tenant)).toEqual([undefined, undefined]);
    await expect(create()(ctx, voidOf(tenant, made.id))).rejects.toMatchObject(problem("state-conflict"));
    await expect(create()(ctx, voidOf(tenant, voided.id))).rejects.toMatchObject(problem("state-conflict"));
    expect(await rebuild(tenant)).toMatchObject({ events: 0, differences: [] });
  });

  test("stays pending while the archive lacks an event, and what is kept stays as it was", async () => {
    const tenant = newId("tenant");
    const [first, second] = [record(tenant, { id: "a" }), record(tenant, { id: "b" })];
    await cloud.meter()([first]);
    await cloud.meter()([second]);
    const objects = await cloud.objects("archive/");
    const Key = objects.find((key) => key.includes(first.position.split(":")[1] ?? "?")) ?? "";
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: cloud.bucket, Key }));
    const why: unknown[] = [];
    const made = await create(cloud.corrections((_, error) => why.push(error)))(ctx, voidOf(tenant, "b"));
    expect([made.status, String(why[0])]).toEqual(["pending", expect.stringContaining("the archive has 0")]);
    expect(await totalOf(tenant)).toEqual(["3", 2]);
    await cloud.archive.put([first]);
    expect(await applyPending(cloud.corrections())(10)).toEqual({ applied: [made.id], failed: [] });
    expect(await totalOf(tenant)).toEqual(["1.5", 1]);
  });
});

describe("what is no correction is a problem", () => {
  const tenant = newId("tenant");
  test.for<[string, CreateAdjustment, string, string?]>([
    ["zero", adjust(tenant, "0"), "invalid-request", "/value"],
    ["minus zero", adjust(tenant, "-0.000000"), "invalid-request", "/value"],
    ["seven decimals", adjust(tenant, "1.0000001"), "invalid-request", "/value"],
    ["no number", adjust(tenant, "1e3"), "invalid-request", "/value"],
    ["too much", adjust(tenant, "1000000000001"), "invalid-request", "/value"],
    ["an unknown meter", adjust(tenant, "1", { metric: "coffee" }), "invalid-request", "/metric"],
    ["36 days ago", adjust(tenant, "1", { timestamp: "2026-10-15T14:30:00Z" }), "invalid-request", "/timestamp"],
    ["tomorrow", adjust(tenant, "1", { timestamp: "2026-11-21T14:30:00Z" }), "invalid-request", "/timestamp"],
    [
      "a dimension that is none",
      adjust(tenant, "1", { dimensions: { colour: "red" } }),
      "invalid-request",
      "/dimensions",
    ],
    ["an average", adjust(tenant, "1", { metric: "storage_gb" }), "correction-not-applicable"],
    ["more users", adjust(tenant, "1", { metric: "active_users" }), "correction-not-applicable"],
    ["an unknown event of a user", voidOf(tenant, "a", { metric: "active_users" }), "usage-event-not-found"],
    ["an unknown tenant", adjust(unknown, "1"), "tenant-not-found"],
    ["no tenant at all", adjust("acme", "1"), "tenant-not-found"],
    ["an unknown event", voidOf(tenant, "nothing"), "usage-event-not-found"],
    ["an unknown adjustment", voidOf(tenant, newId("adjustment")), "usage-event-not-found"],
  ])("%s", async ([, input, code, pointer]) => {
    await expect(create()(ctx, input)).rejects.toMatchObject(problem(code, pointer));
  });

  test("nor is one of somebody who may not", async () => {
    const nobody = { ...ctx, actor: { ...ctx.actor, permissions: new Set(["usage:read"] as const) } };
    await expect(create()(nobody, adjust(tenant, "1"))).rejects.toMatchObject(problem("forbidden"));
    await expect(listAdjustments(cloud.corrections())(nobody, {}, { limit: 1, after: null })).rejects.toMatchObject(
      problem("forbidden"),
    );
  });
});

describe("a rebuild", () => {
  test("equals what is kept: late, early, duplicated, packed, redelivered, set aside", async () => {
    const tenant = newId("tenant");
    const late = new Date(now - 30 * hourMs).toISOString();
    const lines = [{ id: "x" }, { value: -1 }, { metric: "active_users", value: 1, user_id: "u" }].map(
      (change) => JSON.parse(record(tenant, change).text ?? "") as object,
    );
    const packed = recordOf(lines.map((line) => JSON.stringify(line)).join("\n"), {
      sequence: ++sequence,
      arrivedAt: now - 1000,
    });
    const records = [
      record(tenant),
      record(tenant, { timestamp: late }),
      record(tenant, { timestamp: new Date(now + 200_000).toISOString() }),
      record(tenant, { id: "x" }),
      record(tenant, { id: "x" }, now),
      packed,
      record(tenant, { metric: "active_users", value: 1, user_id: "u" }),
      record(tenant, { metric: "storage_gb", value: 3 }),
    ];
    await cloud.meter()(records);
    await cloud.meter()(records.slice(3));
    const report = await rebuild(tenant, false);
    expect(report).toMatchObject({ differences: [], in_doubt: [], events: 6 });
    expect(report.hours_read).toBeLessThan(60);
  });

  test("reports each chunk that differs, with the ids: lost, counted without a trace, changed", async () => {
    const tenant = newId("tenant");
    const late = { timestamp: new Date(now - 3 * hourMs).toISOString() };
    await cloud.meter()([record(tenant, { id: "kept" }), record(tenant, { id: "late", ...late })]);
    // Archived and never counted.
    await cloud.archive.put([record(tenant, { id: "lost" })]);
    // Somebody edits a total.
    const Key = { pk: `TENANT#${tenant}`, sk: `HOUR#${new Date(now - 3 * hourMs).toISOString().slice(0, 13)}` };
    await cloud.documents.send(
      new UpdateCommand({
        TableName: "usage",
        Key,
        UpdateExpression: "SET totals.compute_hours = :more",
        ExpressionAttributeValues: { ":more": [99_000_000, 1] },
      }),
    );
    const { differences } = await rebuild(tenant);
    expect(differences).toMatchObject([
      {
        hour: "2026-11-20T11:00:00.000Z",
        kept: '{"compute_hours":{"L":[{"N":"99000000"},{"N":"1"}]}}',
        rebuilt: '{"compute_hours":{"L":[{"N":"1500000"},{"N":"1"}]}}',
        missing: { count: 0 },
        surplus: { count: 0 },
        unsettled: false,
      },
      { hour: "2026-11-20T14:00:00.000Z", missing: { count: 1 }, surplus: { count: 0 }, unsettled: false },
    ]);
    await cloud.documents.send(new DeleteCommand({ TableName: "usage", Key }));
    expect((await rebuild(tenant)).differences).toMatchObject([{ kept: null, missing: { count: 1 } }, {}]);
    // Counted, and nowhere in the archive.
    await cloud.documents.send(
      new PutCommand({
        TableName: "usage",
        Item: {
          ...Key,
          sk: "HOUR#2026-11-20T02",
          version: 1,
          page: 0,
          ids: new Uint8Array(8).fill(7),
          totals: { compute_hours: [1, 1] },
        },
      }),
    );
    expect((await rebuild(tenant)).differences[0]).toMatchObject({
      rebuilt: "{}",
      surplus: { count: 1, first: ["0707070707070707"] },
    });
  });

  test("knows what waits in quarantine, and what was redriven", async () => {
    const tenant = newId("tenant");
    cloud.standings.set(tenant, "unknown");
    const records = [record(tenant), record(tenant)];
    await cloud.meter()(records);
    cloud.standings.delete(tenant);
    expect(await rebuild(tenant)).toMatchObject({ events: 0, differences: [] });
    await cloud.again()([records[0]].filter((each) => each !== undefined));
    // Counted behind the quarantine's back: its entry still says that it waits.
    expect((await rebuild(tenant)).differences).toMatchObject([{ surplus: { count: 1 } }]);
  });
});
