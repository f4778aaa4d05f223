import type { Row } from "./bench.ts";

/** US dollars, on demand, us-east-1, November 2026. */
const price = {
  writeUnit: 0.625 / 1e6,
  readUnit: 0.125 / 1e6,
  streamHour: 0.04,
  /** A record counts as at least 1 KB. */
  streamInGb: 0.08,
  streamOutGb: 0.04,
  lambdaGbSecond: 0.000_013_333_4,
  lambdaRequest: 0.2 / 1e6,
  s3Put: 0.005 / 1000,
  s3GbMonth: 0.023,
} as const;

const events = 1e8;
const hours = 730;
/** What an on-demand stream begins with, and the lanes and the window that the stacks give each shard. */
const [shards, lanes, window] = [4, 4, 2];
/** A batch of so few events is mostly waiting for DynamoDB and S3: seconds of 1 GB. */
const batchSeconds = 0.06;
/** An event of 173 bytes with its position, compressed. */
const archivedBytes = 60;

/** What a month of 100 million events costs, sent one by one, by the units that were measured. */
export const cost = (writeUnitsPerEvent: number, readUnitsPerEvent: number): Row[] => {
  const gigabytes = (events * 1024) / 1e9;
  const batches = Math.min((hours * 3600) / window, events) * shards * lanes;
  const parts: readonly (readonly [string, number])[] = [
    [`DynamoDB writes at $0.625 a million`, events * writeUnitsPerEvent * price.writeUnit],
    [`DynamoDB reads at $0.125 a million`, events * readUnitsPerEvent * price.readUnit],
    [
      `Kinesis on demand at $0.04 an hour, $0.08 a GB in, $0.04 out`,
      hours * price.streamHour + gigabytes * (price.streamInGb + price.streamOutGb),
    ],
    [
      `Lambda (arm64) at $0.0000133334 a GB-second, $0.20 a million requests`,
      batches * (price.lambdaRequest + batchSeconds * price.lambdaGbSecond),
    ],
    [
      `S3 archive at $0.005 a thousand puts, $0.023 a GB-month`,
      batches * price.s3Put + ((events * archivedBytes) / 1e9) * price.s3GbMonth,
    ],
  ];
  const total = parts.reduce((sum, [, dollars]) => sum + dollars, 0);
  return [
    ...parts.map(([what, value]): Row => ({ measure: `100 million events a month: ${what}`, value, unit: "$" })),
    {
      measure: "100 million events a month: in all",
      value: total,
      unit: "$",
      beside: { what: "DynamoDB alone, a ledger item and an update per event", value: events * 2 * price.writeUnit },
    },
  ];
};
