import type { IncomingRecord } from "@tenantry/core/usage/ports";
import type { StoredRecord } from "@tenantry/core/usage/quarantine-entry";
import { incoming } from "./stream-record.ts";

/** A stored record of the stream, read exactly as if it came now. */
export const unpackStored = ({ position, partition_key, arrived_at, data }: StoredRecord): IncomingRecord =>
  incoming({
    eventID: position,
    eventName: "aws:kinesis:record",
    eventSource: "aws:kinesis",
    eventSourceARN: "",
    eventVersion: "1.0",
    awsRegion: "",
    invokeIdentityArn: "",
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: partition_key,
      sequenceNumber: position.slice(position.lastIndexOf(":") + 1),
      data,
      approximateArrivalTimestamp: arrived_at / 1000,
    },
  });
