import { setTimeout as sleep } from "node:timers/promises";
import { CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { meterAgain } from "@tenantry/core/usage/meter-again";
import { meterUsage } from "@tenantry/core/usage/meter-usage";
import type { Standing } from "@tenantry/core/usage/tenant-check";
import { voidEvents } from "@tenantry/core/usage/void-events";
import { voidUsers } from "@tenantry/core/usage/void-users";
import { startFauxqs } from "fauxqs";
import { newId } from "../new-id.ts";
import { dynamoAdjustments } from "../usage-adjustments.ts";
import { s3UsageArchive } from "../usage-archive.ts";
import { s3UsageArchiveReader } from "../usage-archive-reader.ts";
import { usageCounting } from "../usage-counting.ts";
import { dynamoUsageLedger } from "../usage-ledger.ts";
import { dynamoUsageChunks } from "../usage-pages.ts";
import { dynamoUsageTotals } from "../usage-totals.ts";
import { s3Quarantine } from "../usage-quarantine.ts";
import { quarantineList } from "../usage-quarantine-list.ts";
import { createControlTable, startDynamo } from "./dynamo-engine.ts";

const bucket = "usage-archive";

/** The tables and the bucket of metering on the engines of the embedded cloud, and a consumer on them. */
export const startUsageCloud = async (clock: () => Date) => {
  const dynamo = await startDynamo();
  const storage = await startFauxqs({ port: 0, logger: false });
  const s3 = new S3Client({
    endpoint: storage.address,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await createControlTable(dynamo.documents, "control");
  await createQuarantineTable(dynamo.documents, "quarantine");
  await createUsageTable(dynamo.documents, "usage");

  /** What the registry says of tenants: known unless said otherwise. */
  const standings = new Map<string, Standing>();
  const archive = s3UsageArchive(bucket, s3);
  const quarantine = s3Quarantine(bucket, { documents: dynamo.documents, table: "quarantine", clock }, s3);
  const list = quarantineList(dynamo.documents, { quarantine: "quarantine", control: "control" }, bucket, s3);
  const ports = () => ({
    ...usageCounting("usage", clock, { dynamo: dynamo.documents }),
    standing: async (tenantId: string) => standings.get(tenantId) ?? "known",
    archive,
    clock,
  });
  return {
    documents: dynamo.documents,
    s3,
    bucket,
    standings,
    archive,
    quarantine,
    list,
    /** A consumer as cold as a new Lambda. */
    meter: () => meterUsage({ ...ports(), quarantine }),
    again: () => meterAgain(ports()),
    /** What creates and applies corrections, as cold as a new Lambda. */
    corrections: (onPending: (id: string, error: unknown) => void = () => undefined) => {
      const chunks = dynamoUsageChunks("usage", dynamo.documents);
      const waiting = { clock, sleep: (ms: number) => sleep(ms), random: Math.random };
      const voiding = { chunks, archive: s3UsageArchiveReader(bucket, s3), ...waiting };
      return {
        ...ports(),
        adjustments: dynamoAdjustments(dynamo.documents, "control"),
        voids: voidEvents(voiding),
        users: voidUsers({ ...voiding, totals: dynamoUsageTotals("usage", dynamo.documents) }),
        newId,
        onPending,
      };
    },
    /** What a rebuild needs. */
    rebuilding: () => ({
      archive: s3UsageArchiveReader(bucket, s3),
      ledger: dynamoUsageLedger("usage", dynamo.documents),
      quarantine: list,
      clock,
    }),
    objects: async (prefix: string) => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      return Contents.map(({ Key = "" }) => Key);
    },
    stop: async () => {
      s3.destroy();
      await storage.stop();
      await dynamo.stop();
    },
  };
};
export type UsageCloud = Awaited<ReturnType<typeof startUsageCloud>>;

const text = (names: readonly string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const }));
const schema = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: "HASH" as const },
  { AttributeName: range, KeyType: "RANGE" as const },
];

/** As the stacks declare the Usage table. */
export const createUsageTable = (dynamo: DynamoDBClient, TableName: string) =>
  dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: text(["pk", "sk"]),
      KeySchema: schema("pk", "sk"),
    }),
  );

/** As the stacks declare the Quarantine table. */
export const createQuarantineTable = (dynamo: DynamoDBClient, TableName: string) =>
  dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: text(["pk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"]),
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      GlobalSecondaryIndexes: ["gsi1", "gsi2"].map((IndexName) => ({
        IndexName,
        KeySchema: schema(`${IndexName}pk`, `${IndexName}sk`),
        Projection: { ProjectionType: "ALL" as const },
      })),
    }),
  );
