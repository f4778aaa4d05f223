import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { type Meter, type Meters, shippedMeters } from "@tenantry/core/usage/meters";

/** Where the definitions stand in the Usage table: all in one item. */
const key = { pk: { S: "METERS" }, sk: { S: "METERS" } };

/** The definitions of meters: those in the Usage table, or the shipped ones as long as none was changed. */
export const dynamoMeters = (table: string, dynamo: DynamoDBClient = new DynamoDBClient({})): Meters => ({
  async list() {
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: key }));
    const text = Item?.["meters"]?.S;
    return text === undefined ? shippedMeters : (JSON.parse(text) as Meter[]);
  },
});
