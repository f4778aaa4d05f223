import { randomUUID } from "node:crypto";
import { newId } from "@tenantry/aws/new-id";

/** Draws tenants by Zipf's law: the second has half of the first one's events, the third a third. */
export const zipf = (tenants: number, random: () => number): (() => number) => {
  const cumulated = new Float64Array(tenants);
  let sum = 0;
  for (let rank = 0; rank < tenants; rank++) cumulated[rank] = sum += 1 / (rank + 1);
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = tenants - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

/** Lambda payloads of a Kinesis batch each, as text: events of the documented form, half of them with an id. */
export const lambdaPayloads = (batches: number, size: number, tenants: number, now: number): string[] => {
  const ids = Array.from({ length: tenants }, () => newId("tenant"));
  const draw = zipf(tenants, Math.random);
  let sequence = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;
  return Array.from({ length: batches }, () =>
    JSON.stringify({
      Records: Array.from({ length: size }, (_, index) => {
        const tenant = ids[draw()] ?? "";
        const event = {
          tenant_id: tenant,
          metric: "api_calls",
          value: index % 10 === 0 ? 0.25 : 1,
          timestamp: new Date(now - Math.random() * 5000).toISOString().replace("Z", "123"),
          ...(index % 2 === 0 ? { id: randomUUID() } : {}),
        };
        const sequenceNumber = String(sequence++);
        return {
          kinesis: {
            kinesisSchemaVersion: "1.0",
            partitionKey: tenant,
            sequenceNumber,
            data: Buffer.from(JSON.stringify(event)).toString("base64"),
            approximateArrivalTimestamp: now / 1000,
          },
          eventSource: "aws:kinesis",
          eventVersion: "1.0",
          eventID: `shardId-000000000000:${sequenceNumber}`,
          eventName: "aws:kinesis:record",
          invokeIdentityArn: "arn:aws:iam::123456789012:role/meter-usage",
          awsRegion: "us-east-1",
          eventSourceARN: "arn:aws:kinesis:us-east-1:123456789012:stream/usage",
        };
      }),
    }),
  );
};
