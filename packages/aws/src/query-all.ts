import { QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import type { Documents } from "./dynamo.ts";

/** The items of a query, page after page, until there are `most` of them. */
export const queryAll = async (
  documents: Documents,
  input: QueryCommandInput,
  most = Infinity,
): Promise<Record<string, unknown>[]> => {
  const items: Record<string, unknown>[] = [];
  let from: QueryCommandInput["ExclusiveStartKey"];
  do {
    const page = await documents.send(new QueryCommand({ ...input, ExclusiveStartKey: from }));
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined && items.length < most);
  return items;
};
