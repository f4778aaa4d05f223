import { isUtf8 } from "node:buffer";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import type { KinesisStreamRecord } from "aws-lambda";

/** A record of the Kinesis event source in the core's form. */
export const incoming = ({ eventID, kinesis }: KinesisStreamRecord): IncomingRecord => {
  const bytes = Buffer.from(kinesis.data, "base64");
  return {
    position: eventID,
    partitionKey: kinesis.partitionKey,
    arrivedAt: Math.round(kinesis.approximateArrivalTimestamp * 1000),
    data: kinesis.data,
    text: isUtf8(bytes) ? bytes.toString("utf8") : null,
  };
};
