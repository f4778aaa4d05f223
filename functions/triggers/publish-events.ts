import { setting } from "@tenantry/aws/config";
import { publishRecords, publisher } from "@tenantry/aws/outbox";
import { log } from "@tenantry/lambda/log";
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";

const publish = publishRecords(publisher(setting("EVENT_BUS")));

export const handler = async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
  const { published, failed } = await publish(Records);
  log(failed.length === 0 ? "info" : "error", "events published", { published, failed });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
