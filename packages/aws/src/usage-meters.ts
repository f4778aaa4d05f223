import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { MeterDefinition, MeterName, shippedMeters } from "@tenantry/core/usage/meters";
import type { MeterStore } from "@tenantry/core/usage/ports";
import { z } from "zod";
import { commitWrites } from "./commit.ts";
import { transact } from "./transact.ts";
import { metersKey } from "./usage-table.ts";

const Stored = z.object({
  version: z.int(),
  meters: z.array(MeterDefinition.safeExtend({ name: MeterName })),
});

/**
 * The definitions of meters: those in the Usage table, or the shipped ones as long as none was changed.
 *
 * @param options.control the table of the audit entries; only those who change meters need it
 */
export const dynamoMeters = (
  table: string,
  options: { readonly dynamo?: DynamoDBClient; readonly control?: string } = {},
): MeterStore => {
  const { dynamo = new DynamoDBClient({}), control } = options;
  const documents = DynamoDBDocumentClient.from(dynamo);
  const load = async () => {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: metersKey, ConsistentRead: true }));
    return Item === undefined ? { version: 0, meters: shippedMeters } : Stored.parse(Item);
  };
  return {
    list: async () => (await load()).meters,

    load,

    async save({ version, meters }, commit) {
      if (control === undefined) throw new Error("Whoever changes meters has to name the Control table.");
      const condition =
        version === 1
          ? { ConditionExpression: "attribute_not_exists(pk)" }
          : { ConditionExpression: "version = :before", ExpressionAttributeValues: { ":before": version - 1 } };
      const failed = await transact(documents, [
        { Put: { TableName: table, Item: { ...metersKey, version, meters }, ...condition } },
        ...commitWrites(control, commit),
      ]);
      return failed.length === 0;
    },
  };
};
