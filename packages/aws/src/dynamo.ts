import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

export type Documents = DynamoDBDocumentClient;

/** A DynamoDB client that takes and gives plain JavaScript values. */
export const documents = (): Documents =>
  DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
