import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { prefixes } from "@tenantry/core/ids";
import type { PageRequest } from "@tenantry/core/ports";
import {
  QuarantineEntry,
  type QuarantineFilter,
  type QuarantineList,
  type StoredRecord,
} from "@tenantry/core/usage/quarantine-entry";
import { encodeTime } from "ulid";
import { commitWrites } from "./commit.ts";
import type { Documents } from "./dynamo.ts";
import { transact } from "./transact.ts";
import { listed, partitionsOf } from "./usage-quarantine-table.ts";

type Item = Record<string, unknown>;
type Partition = ReturnType<typeof partitionsOf>[number];

/** Items that one page looks at in each partition, whatever the filter lets through. */
const looked = 500;

const dayMs = 86_400_000;
const lowest = (at: number) => `${prefixes.quarantine}_${encodeTime(at, 10)}`;

/** The quarantine as the API reads and changes it. `control` is where the audit trail is. */
export const quarantineList = (
  documents: Documents,
  tables: { readonly quarantine: string; readonly control: string },
  bucket: string,
  s3 = new S3Client({}),
): QuarantineList => {
  const TableName = tables.quarantine;
  const find = async (id: string): Promise<Item | undefined> =>
    (await documents.send(new GetCommand({ TableName, Key: { pk: id }, ConsistentRead: true }))).Item;

  /** The newest of one partition, and down to which id the answer is complete: null when it is to the end. */
  const newest = async ({ index, value }: Partition, filter: QuarantineFilter, { limit, after }: PageRequest) => {
    const { reason, state, day } = filter;
    const from = day === undefined ? "" : lowest(Date.parse(day));
    const end = day === undefined ? `${prefixes.quarantine}_~` : lowest(Date.parse(day) + dayMs);
    const before = after !== null && after < end ? after : end;
    const conditions = [
      ...(reason === undefined ? [] : ["contains(reasons, :reason)"]),
      ...(state === undefined ? [] : ["#state = :state"]),
    ];
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName,
        IndexName: index,
        // Both ends are in a BETWEEN; the upper one is taken out below.
        KeyConditionExpression: "#pk = :pk AND #sk BETWEEN :from AND :before",
        ...(conditions.length === 0 ? {} : { FilterExpression: conditions.join(" AND ") }),
        ExpressionAttributeNames: {
          "#pk": `${index}pk`,
          "#sk": `${index}sk`,
          ...(state === undefined ? {} : { "#state": "state" }),
        },
        ExpressionAttributeValues: {
          ":pk": value,
          ":from": from === "" ? prefixes.quarantine : from,
          ":before": before,
          ...(reason === undefined ? {} : { ":reason": reason }),
          ...(state === undefined ? {} : { ":state": state }),
        },
        ScanIndexForward: false,
        Limit: conditions.length === 0 ? limit + 2 : looked,
      }),
    );
    const complete = LastEvaluatedKey === undefined ? null : String(LastEvaluatedKey[`${index}sk`]);
    return { entries: Items.map(fromItem).filter(({ id }) => id < before), complete };
  };

  return {
    async list(filter, page) {
      const parts = await Promise.all(partitionsOf(filter.tenantId).map((part) => newest(part, filter, page)));
      // Below where some partition was left, entries of that one may be missing.
      const complete = parts.reduce(
        (most, part) => (part.complete !== null && part.complete > most ? part.complete : most),
        "",
      );
      const found = parts
        .flatMap(({ entries }) => entries)
        .filter(({ id }) => id >= complete)
        .toSorted((a, b) => (a.id < b.id ? 1 : -1));
      const items = found.slice(0, page.limit);
      return {
        items,
        next: found.length > page.limit ? (items.at(-1)?.id ?? null) : complete === "" ? null : complete,
      };
    },

    async get(id) {
      const item = await find(id);
      return item === undefined ? null : fromItem(item);
    },

    async record(id) {
      const item = await find(id);
      if (item === undefined) return null;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: String(item["object"]) }));
      const line = (await Body?.transformToString("utf-8"))?.split("\n")[Number(item["object_line"])];
      if (line === undefined || line === "") return null;
      const { position, partition_key, arrived_at, data } = JSON.parse(line) as StoredRecord;
      return { position, partition_key, arrived_at, data };
    },

    async update(entry, was, commit) {
      const item = await find(entry.id);
      if (item === undefined) return false;
      const { object, object_line } = item;
      const failed = await transact(documents, [
        {
          Put: {
            TableName,
            Item: { pk: entry.id, ...listed(entry), ...entry, object, object_line },
            // Two within one millisecond still differ in what they add.
            ConditionExpression: "updated_at = :at AND #state = :state AND size(redrives) = :redrives",
            ExpressionAttributeNames: { "#state": "state" },
            ExpressionAttributeValues: {
              ":at": was.updated_at,
              ":state": was.state,
              ":redrives": was.redrives.length,
            },
          },
        },
        ...commitWrites(tables.control, commit),
      ]);
      return failed.length === 0;
    },
  };
};

const stored = new Set(["pk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "object", "object_line"]);

const fromItem = (item: Item): QuarantineEntry =>
  QuarantineEntry.parse(Object.fromEntries(Object.entries(item).filter(([name]) => !stored.has(name))));
