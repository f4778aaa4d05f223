import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo, Server } from "node:net";
import { gunzipSync } from "node:zlib";
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMeter, type Drop, type MeterOptions, type Usage } from "./meter.ts";
import { uuidv7 } from "./uuid.ts";

// The embedded cloud's engine. It has no types.
const kinesalite = createRequire(import.meta.url)("kinesalite") as (options: { createStreamMs: number }) => Server;
const engine = kinesalite({ createStreamMs: 0 });
let kinesis: KinesisClient;

beforeAll(async () => {
  engine.listen(0, "127.0.0.1");
  await once(engine, "listening");
  const { port } = engine.address() as AddressInfo;
  kinesis = new KinesisClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    requestHandler: new NodeHttpHandler(),
  });
});
afterAll(() => {
  kinesis.destroy();
  engine.close();
});

const newStream = async (name: string) => {
  await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }));
  for (;;) {
    const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName: name }));
    if (StreamDescription?.StreamStatus === "ACTIVE") return name;
  }
};

type Sent = {
  id: string;
  tenant_id: string;
  metric: string;
  value: number;
  timestamp: string;
  key: string | undefined;
};

/** The records of a stream, and whether each was compressed. */
const recordsOf = async (stream: string) => {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: stream,
      ShardId: "shardId-000000000000",
      ShardIteratorType: "TRIM_HORIZON",
    }),
  );
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  return Records.map(({ Data, PartitionKey }) => {
    const bytes = Buffer.from(Data ?? []);
    const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = (gzipped ? gunzipSync(bytes) : bytes).toString();
    const events = text.split("\n").map((line) => JSON.parse(line) as Omit<Sent, "key">);
    return { events, gzipped, key: PartitionKey, bytes: bytes.length, unpacked: text.length };
  });
};

const sentTo = async (stream: string): Promise<Sent[]> =>
  (await recordsOf(stream)).flatMap(({ events, key }) => events.map((event) => ({ ...event, key })));

const usage = (value = 1) => ({ tenant_id: "ten_01JD0000000000000000000000", metric: "api_calls", value });

test("events go out as the stream expects them, each with an id", async () => {
  const stream = await newStream("plain");
  const meter = createMeter({ stream, client: kinesis });
  for (let n = 0; n < 1200; n++) meter.record(usage(n));
  meter.record({ ...usage(), id: "mine", timestamp: new Date(0), user_id: "u", dimensions: { route: "/x" } });
  expect(await meter.close()).toBe(0);
  const sent = await sentTo(stream);
  expect(sent).toHaveLength(1201);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1201);
  expect(sent[7]).toMatchObject({ ...usage(7), key: usage().tenant_id });
  expect(sent.at(-1)).toMatchObject({ id: "mine", timestamp: "1970-01-01T00:00:00.000Z", user_id: "u" });
});

test("through throttled entries, failed requests and lost replies every event arrives, and repeats bear the same id", async () => {
  const stream = await newStream("faulty");
  let requests = 0;
  const send = async (command: PutRecordsCommand) => {
    const records = command.input.Records ?? [];
    switch (++requests % 4) {
      case 1:
        throw new Error("No connection.");
      case 2: {
        await kinesis.send(command);
        throw new Error("The reply was lost.");
      }
      case 3: {
        const taken = records.filter((_, n) => n % 2 === 0);
        const { Records = [] } = await kinesis.send(new PutRecordsCommand({ ...command.input, Records: taken }));
        const refused = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded." };
        return { Records: records.map((_, n) => (n % 2 === 0 ? Records[n / 2] : refused)) };
      }
      default:
        return kinesis.send(command);
    }
  };
  const errors: unknown[] = [];
  const client = { send } as NonNullable<MeterOptions["client"]>;
  const meter = createMeter({ stream, client, onError: (error) => errors.push(error) });
  for (let n = 0; n < 900; n++) meter.record({ ...usage(n), tenant_id: `ten_01JD000000000000000000000${n % 9}` });
  expect(await meter.flush({ timeout: 20_000 })).toBe(0);
  const sent = await sentTo(stream);
  expect(sent.length).toBeGreaterThan(900);
  expect(new Map(sent.map(({ id, value }) => [id, value])).size).toBe(900);
  expect(new Set(sent.map(({ id, value }) => `${id} ${value}`)).size).toBe(900);
  expect(errors.length).toBeGreaterThanOrEqual(3);
});

test("record never throws or waits; what does not fit or is no event is reported", async () => {
  const drops: Drop[] = [];
  const never = { send: () => new Promise(() => undefined) } as NonNullable<MeterOptions["client"]>;
  const onDrop = (drop: Drop) => void drops.push(drop);
  const meter = createMeter({ stream: "none", client: never, capacity: 1000, onDrop });
  for (let n = 0; n < 1003; n++) meter.record(usage(n));
  expect(drops.map(({ reason, usage: { value } }) => [reason, value])).toEqual([
    ["buffer-full", 1000],
    ["buffer-full", 1001],
    ["buffer-full", 1002],
  ]);
  expect(await meter.flush({ timeout: 20 })).toBe(1000);
  expect(await meter.close({ timeout: 20 })).toBe(1000);
  meter.record(usage());
  expect(drops.at(-1)?.reason).toBe("closed");
  const angry = createMeter({
    stream: "none",
    capacity: 0,
    onDrop: () => {
      throw new Error("My reporter is broken.");
    },
  });
  expect(() => angry.record(usage())).not.toThrow();
});

test("memory is bounded in bytes too", async () => {
  const drops: Drop[] = [];
  const never = { send: () => new Promise(() => undefined) } as NonNullable<MeterOptions["client"]>;
  const onDrop = (drop: Drop) => void drops.push(drop);
  const meter = createMeter({ stream: "none", client: never, capacityBytes: 10_000, onDrop });
  for (let n = 0; n < 100; n++) meter.record({ ...usage(), user_id: "u".repeat(256) });
  const kept = await meter.flush({ timeout: 20 });
  expect(kept).toBe(100 - drops.length);
  expect(kept).toBeGreaterThan(15);
  expect(kept).toBeLessThan(10_000 / 256);
});

const no = { ...usage(), timestamp: new Date(Number.NaN) };
test.for<[string, Usage]>([
  ["a value that is no number", usage(Number.NaN)],
  ["an endless value", usage(Number.POSITIVE_INFINITY)],
  ["a negative value", usage(-1)],
  ["a value above the limit", usage(1e13)],
  ["a value in words", { ...usage(), value: "1" as never }],
  ["nothing", null as never],
  ["a tenant's name", { ...usage(), tenant_id: "tenant_123" }],
  ["no metric", { ...usage(), metric: "" }],
  ["no time", no],
  ["a long id", { ...usage(), id: "i".repeat(257) }],
  ["an empty user", { ...usage(), user_id: "" }],
  [
    "too many dimensions",
    { ...usage(), dimensions: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, "x"])) },
  ],
  ["a dimension that is no text", { ...usage(), dimensions: { route: 7 as never } }],
])("%s is told to the author and not sent", async ([, bad]) => {
  const drops: Drop[] = [];
  const meter = createMeter({ stream: "none", onDrop: (drop) => drops.push(drop) });
  meter.record(bad);
  expect(drops).toMatchObject([{ usage: bad, reason: "invalid", detail: expect.stringMatching(/./) }]);
  expect(await meter.close()).toBe(0);
});

test("a value is rounded to the six decimals that count", async () => {
  const stream = await newStream("rounded");
  const meter = createMeter({ stream, client: kinesis });
  for (const value of [0.1 + 0.2, 1 / 3, 1e-7, 999_999_999_999.5]) meter.record(usage(value));
  await meter.close();
  expect((await sentTo(stream)).map(({ value }) => value)).toEqual([0.3, 0.333333, 0, 999_999_999_999.5]);
});

test("events are packed by tenant, compressed where it pays, and each record and request keeps within the limits", async () => {
  const stream = await newStream("packed");
  const requests: PutRecordsCommand[] = [];
  const send = async (command: PutRecordsCommand) => {
    requests.push(command);
    return kinesis.send(command);
  };
  const meter = createMeter({ stream, client: { send } as NonNullable<MeterOptions["client"]> });
  const tenants = Array.from({ length: 700 }, (_, n) => `ten_01JD${String(n).padStart(22, "0")}`);
  for (let n = 0; n < 12_000; n++)
    meter.record({ ...usage(n), tenant_id: tenants[n < 5000 ? 0 : n % 700] ?? "", user_id: "u".repeat(200) });
  expect(await meter.close({ timeout: 20_000 })).toBe(0);
  const records = await recordsOf(stream);
  expect(records.flatMap(({ events }) => events)).toHaveLength(12_000);
  expect(records.length).toBeLessThan(3000);
  for (const { events, key, gzipped, unpacked } of records) {
    expect(new Set(events.map(({ tenant_id }) => tenant_id))).toEqual(new Set([key]));
    expect(unpacked).toBeLessThanOrEqual(256 * 1024);
    expect(gzipped).toBe(unpacked > 1024);
  }
  for (const { input } of requests) expect(input.Records?.length).toBeLessThanOrEqual(500);
});

test("a batch that is not full goes out by itself after the delay", async () => {
  const stream = await newStream("delayed");
  const meter = createMeter({ stream, client: kinesis, delay: 10 });
  meter.record(usage());
  await expect.poll(() => sentTo(stream)).toHaveLength(1);
});

test("ids are UUIDv7 and sort by time", () => {
  const ids = [1, 1_700_000_000_000, 1_763_646_312_123].map(uuidv7);
  for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(Number.parseInt(ids[2]?.replace("-", "").slice(0, 12) ?? "", 16)).toBe(1_763_646_312_123);
});
