import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Page, PageRequest } from "@tenantry/core/ports";
import type { Partition } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";

type Item = Record<string, unknown>;

/**
 * A page over one or several partitions of an index, the newest first. Several are read side by side and merged by their
 * sort key, so a page costs at most `limit + 1` items of each, wherever in the list it lies. `only` passes over items of another status.
 */
export const readPage = async <T extends { readonly id: string }>(
  documents: Documents,
  table: string,
  read: readonly Partition[],
  { limit, after }: PageRequest,
  fromItem: (item: Item) => T,
  only?: { readonly status: string },
): Promise<Page<T>> => {
  const parts = await Promise.all(read.map((partition) => newest(documents, table, partition, limit + 1, after, only)));
  const all = parts
    .flat()
    .map(fromItem)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const items = all.slice(0, limit);
  return { items, next: all.length > limit ? (items.at(-1)?.id ?? null) : null };
};

const newest = async (
  documents: Documents,
  table: string,
  { index, value }: Partition,
  wanted: number,
  after: string | null,
  only: { readonly status: string } | undefined,
): Promise<Item[]> => {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: index,
        KeyConditionExpression: after === null ? "#pk = :pk" : "#pk = :pk AND #sk < :after",
        ...(only === undefined ? {} : { FilterExpression: "#status = :status" }),
        ExpressionAttributeNames: {
          "#pk": `${index}pk`,
          ...(after === null ? {} : { "#sk": `${index}sk` }),
          ...(only === undefined ? {} : { "#status": "status" }),
        },
        ExpressionAttributeValues: {
          ":pk": value,
          ...(after === null ? {} : { ":after": after }),
          ...(only === undefined ? {} : { ":status": only.status }),
        },
        ScanIndexForward: false,
        Limit: wanted - items.length,
        ExclusiveStartKey: from,
      }),
    );
    items.push(...Items);
    from = LastEvaluatedKey;
  } while (from !== undefined && items.length < wanted);
  return items;
};
