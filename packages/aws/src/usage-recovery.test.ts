import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import { type FailedBatch, recoverBatch, type RecoverPorts } from "@tenantry/core/usage/recover-batch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { recordOf } from "./testing/usage-engine.ts";
import { startUsageCloud, type UsageCloud } from "./testing/usage-cloud.ts";
import { s3UsageArchiveReader } from "./usage-archive-reader.ts";
import { dynamoUsageTotals } from "./usage-totals.ts";

// A batch that the event source mapping gave up on is counted after all, or set aside: never lost, never twice.

const now = Date.UTC(2026, 10, 20, 14, 59, 59, 500);
let cloud: UsageCloud;
beforeAll(async () => {
  cloud = await startUsageCloud(() => new Date(now));
});
afterAll(() => cloud.stop());

let sequence = 0;
const record = (tenant_id: string, change: object = {}, arrivedAt = now): IncomingRecord =>
  recordOf(
    { tenant_id, metric: "api_calls", value: 1, timestamp: new Date(now - 1000).toISOString(), ...change },
    { sequence: ++sequence, arrivedAt },
  );

const sequenceOf = ({ position }: IncomingRecord) => position.split(":")[1] ?? "";

const batchOf = (records: readonly IncomingRecord[]): FailedBatch => {
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) throw new Error("A batch has a record.");
  return {
    shard: "shardId-000000000000",
    first: sequenceOf(first),
    last: sequenceOf(last),
    arrivedFrom: first.arrivedAt,
    arrivedTo: last.arrivedAt,
    size: records.length,
  };
};

const recover = (inStream: readonly IncomingRecord[], change: Partial<RecoverPorts> = {}) =>
  recoverBatch({
    stream: {
      between: async () =>
        inStream.map(({ position, partitionKey, arrivedAt, data }) => ({
          position,
          partition_key: partitionKey,
          arrived_at: arrivedAt,
          data,
        })),
    },
    archive: s3UsageArchiveReader(cloud.bucket, cloud.s3),
    unpack: ({ position, partition_key, arrived_at, data }) => ({
      position,
      partitionKey: partition_key,
      arrivedAt: arrived_at,
      data,
      text: Buffer.from(data, "base64").toString(),
    }),
    meter: cloud.meter(),
    quarantine: cloud.quarantine,
    ...change,
  });

const usageOf = async (tenant: string) => {
  const hour = Math.floor(now / 3_600_000);
  const hours = await dynamoUsageTotals("usage", cloud.documents).hours(tenant, hour - 960, hour + 2);
  return hours.reduce((count, { totals }) => count + (totals["api_calls"]?.count ?? 0), 0);
};

test("from the stream: what was counted is known, what was not is counted", async () => {
  const tenant = newId("tenant");
  const records = [record(tenant), record(tenant), record(tenant)];
  await cloud.meter()(records.slice(0, 1));
  expect(await recover(records)(batchOf(records), false)).toEqual({
    from: "stream",
    records: 3,
    counted: 2,
    quarantined: 0,
  });
  expect(await recover(records)(batchOf(records), true)).toMatchObject({ counted: 0 });
  expect(await usageOf(tenant)).toBe(3);
});

test("from the archive, when the stream has forgotten: over the turn of an hour, without the neighbours", async () => {
  const tenant = newId("tenant");
  const other = newId("tenant");
  const records = [record(tenant), record(tenant, {}, now + 1000), record(tenant, {}, now + 1000)];
  const neighbour = record(other, {}, now + 1000);
  await cloud.archive.put([...records, neighbour]);
  expect(await recover([])(batchOf(records), false)).toEqual({
    from: "archive",
    records: 3,
    counted: 3,
    quarantined: 0,
  });
  expect(await usageOf(tenant)).toBe(3);
  expect(await usageOf(other)).toBe(0);
  // One that is in neither place is not passed over in silence.
  const missing = [...records, record(tenant, {}, now + 1000)];
  await expect(recover([])(batchOf(missing), true)).rejects.toThrow("some are nowhere");
});

test("what fails to the end is set aside by itself, and can be redriven", async () => {
  const tenant = newId("tenant");
  const damaged = new Date(now - 5 * 3_600_000);
  const Key = { pk: `TENANT#${tenant}`, sk: `HOUR#${damaged.toISOString().slice(0, 13)}` };
  await cloud.documents.send(new PutCommand({ TableName: "usage", Item: { ...Key, version: 1 } }));
  const records = [record(tenant), record(tenant, { timestamp: damaged.toISOString() }), record(tenant)];
  await expect(recover(records)(batchOf(records), false)).rejects.toThrow("still fails");
  expect(await recover(records)(batchOf(records), true)).toMatchObject({ records: 3, quarantined: 1 });
  expect(await recover(records)(batchOf(records), true)).toMatchObject({ counted: 0, quarantined: 0 });
  expect(await usageOf(tenant)).toBe(2);
  const { items } = await cloud.list.list({ tenantId: tenant }, { limit: 10, after: null });
  expect(items).toMatchObject([{ position: records[1]?.position, reasons: ["batch-failed"], state: "waiting" }]);
});
