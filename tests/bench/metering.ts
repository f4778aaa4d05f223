import { setTimeout as sleep } from "node:timers/promises";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { startUsageEngine } from "@tenantry/aws/testing/usage-engine";
import { dynamoUsageChunks } from "@tenantry/aws/usage-pages";
import { admitSeries } from "@tenantry/core/usage/admit";
import { chunkWriter } from "@tenantry/core/usage/chunk-writer";
import { meterCatalog } from "@tenantry/core/usage/meter-catalog";
import { meterUsage } from "@tenantry/core/usage/meter-usage";
import { shippedMeters } from "@tenantry/core/usage/meters";
import type { UsageChunks } from "@tenantry/core/usage/ports";
import { memoryChunks, memorySeries } from "@tenantry/core/usage/testing/memory-chunks";
import { incomingBatch } from "@tenantry/lambda/stream-record";
import type { KinesisStreamEvent } from "aws-lambda";
import type { Bench, Row } from "./bench.ts";
import { cost } from "./metering-cost.ts";
import { delay } from "./metering-delay.ts";
import { lambdaPayloads } from "./metering-trace.ts";
import { unitsSpent } from "./metering-units.ts";
import { year } from "./metering-year.ts";

const tenants = 1000;

/** The consumer without its Lambda: archive and quarantine take everything and keep nothing. */
const consumer = (chunks: UsageChunks) => {
  const clock = () => new Date();
  const waiting = { sleep: (ms: number) => sleep(ms), random: Math.random };
  return meterUsage({
    writer: chunkWriter({ chunks, clock, ...waiting }),
    meters: meterCatalog({ load: async () => ({ version: 0, meters: shippedMeters }) }, clock),
    admit: admitSeries({ store: memorySeries(), ...waiting }),
    standing: () => "known",
    archive: { put: async () => undefined },
    quarantine: { put: async () => 0 },
    clock,
  });
};

const take = async (meter: ReturnType<typeof consumer>, payload: string): Promise<number> => {
  const { counted, rejected, failedFrom } = await meter(
    incomingBatch((JSON.parse(payload) as KinesisStreamEvent).Records),
  );
  if (rejected > 0 || failedFrom !== null) throw new Error("The trace was not counted whole.");
  return counted;
};

/** Events a second of the best of several rounds. */
const best = async (rounds: number, round: () => Promise<number>): Promise<number> => {
  let most = 0;
  for (let n = 0; n < rounds; n++) {
    const since = performance.now();
    const events = await round();
    most = Math.max(most, (events / (performance.now() - since)) * 1000);
  }
  return most;
};

/**
 * Events for each second of CPU time, the median of some rounds of each in turns: so it does not count when the machine
 * does something else, and what slows all of them slows all alike. The first rounds, which compile, are left out.
 */
const inTurns = async <Name extends string>(
  rounds: number,
  each: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, number>> => {
  const speeds = new Map<Name, number[]>(Object.keys(each).map((name) => [name as Name, []]));
  for (let n = -4; n < rounds; n++)
    for (const [name, measured] of speeds) {
      const since = process.cpuUsage();
      const events = await each[name]();
      const { user, system } = process.cpuUsage(since);
      if (n >= 0) measured.push((events / (user + system)) * 1e6);
    }
  const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;
  return Object.fromEntries([...speeds].map(([name, all]) => [name, median(all)])) as Record<Name, number>;
};

const recordsOf = (payload: string) => (JSON.parse(payload) as KinesisStreamEvent).Records;

/** Adds to doubles, and knows no ids. */
const addUp = (payloads: readonly string[]): number => {
  const sums = new Map<string, number>();
  let events = 0;
  for (const payload of payloads)
    for (const { kinesis } of recordsOf(payload)) {
      const text = Buffer.from(kinesis.data, "base64").toString();
      const event = JSON.parse(text) as { tenant_id: string; metric: string; value: number; timestamp: string };
      const hour = new Date(event.timestamp).toISOString().slice(0, 13);
      const key = `${event.tenant_id} ${event.metric} ${hour}`;
      sums.set(key, (sums.get(key) ?? 0) + event.value);
      events++;
    }
  return events;
};

const pure = async (): Promise<Row[]> => {
  const payloads = lambdaPayloads(10, 5000, tenants, Date.now());
  const { parsed, decoded, counted, naive } = await inTurns(25, {
    parsed: () => payloads.reduce((records, payload) => records + recordsOf(payload).length, 0),
    decoded: () => {
      let events = 0;
      for (const payload of payloads)
        for (const { text } of incomingBatch(recordsOf(payload))) if (JSON.parse(text ?? "") !== null) events++;
      return events;
    },
    naive: () => addUp(payloads),
    counted: async () => {
      const meter = consumer(memoryChunks());
      let events = 0;
      for (const payload of payloads) events += await take(meter, payload);
      return events;
    },
  });
  const whole = { measure: "consumer, Lambda payload to folded pages", value: counted, unit: "events/s of CPU" };
  // Lambda's runtime parses the payload before the handler is called.
  const handler = { ...whole, measure: "its handler alone: without that parse", value: 1 / (1 / counted - 1 / parsed) };
  const beside = { what: "JSON.parse of the same payload", value: parsed };
  return [
    { ...whole, beside },
    { ...handler, beside, aim: { of: "ratio", atLeast: 0.4 } },
    { ...whole, beside: { what: "that, and JSON.parse of each event in it", value: decoded } },
    { ...whole, beside: { what: "parsed and added to doubles, no ids", value: naive } },
  ];
};

const stored = async (): Promise<Row[]> => {
  const engine = await startUsageEngine();
  try {
    const table = await engine.table();
    const spent = { read: 0, write: 0 };
    const chunks = dynamoUsageChunks(table, engine.dynamo, (kind, units) => (spent[kind] += units));
    const meter = consumer(chunks);
    const payloads = lambdaPayloads(10, 5000, tenants, Date.now());
    await take(meter, payloads[0] ?? "");
    let events = 0;
    spent.read = spent.write = 0;
    const counted = await best(1, async () => {
      for (const payload of payloads.slice(1)) events += await take(meter, payload);
      return events;
    });
    const updates = 2000;
    const naive = await best(1, async () => {
      let next = 0;
      const lane = async () => {
        while (next++ < updates)
          await engine.dynamo.send(
            new UpdateItemCommand({
              TableName: table,
              Key: { pk: { S: "naive" }, sk: { S: String(next % tenants) } },
              UpdateExpression: "ADD n :n",
              ExpressionAttributeValues: { ":n": { N: "1" } },
            }),
          );
      };
      await Promise.all(Array.from({ length: 48 }, lane));
      return updates;
    });
    return [
      {
        measure: "consumer with DynamoDB's engine, one process",
        value: counted,
        unit: "events/s",
        beside: { what: "one update per event", value: naive },
      },
      {
        measure: "as the engine counts them: write units per million events, batches of 5,000",
        value: (spent.write / events) * 1e6,
        unit: "WCU",
        beside: { what: "one update per event", value: 1e6 },
      },
    ];
  } finally {
    await engine.stop();
  }
};

/** For each batching window of the event source, and for each load at the window that the stacks give it. */
const units = async (): Promise<Row[]> => {
  const rows: Row[] = [];
  const beside = { beside: { what: "one update per event, two with a ledger item", value: 1e6 } };
  for (const window of [1, 5]) {
    const { events, write } = await unitsSpent({ perSecond: 1000, tenants, window, seconds: 300 });
    const measure = `write units per million events, 1,000/s over 1,000 tenants, window ${window} s`;
    rows.push({ measure, value: (write / events) * 1e6, unit: "WCU", ...beside });
  }
  let ofAMonth = { write: 0, read: 0 };
  for (const [perSecond, seconds] of [
    [100, 900],
    [1000, 300],
    [10_000, 30],
  ] as const)
    for (const among of [100, 1000]) {
      const { events, write, read } = await unitsSpent({ perSecond, tenants: among, window: 2, seconds });
      const load = `per million events, ${perSecond.toLocaleString("en")}/s over ${among.toLocaleString("en")} tenants`;
      rows.push(
        {
          measure: `write units ${load}`,
          value: (write / events) * 1e6,
          unit: "WCU",
          ...beside,
          ...(perSecond === 1000 && among === 1000 && { aim: { of: "ratio", atMost: 0.28 } as const }),
        },
        { measure: `read units ${load}`, value: (read / events) * 1e6, unit: "RCU" },
      );
      // 100 million a month are 38 a second.
      if (perSecond === 100 && among === 1000) ofAMonth = { write: write / events, read: read / events };
    }
  return [...rows, ...cost(ofAMonth.write, ofAMonth.read)];
};

/** Usage metering: speed of the consumer, and what it takes of DynamoDB. */
export const metering: Bench = {
  name: "metering",
  async run() {
    return [...(await pure()), ...(await stored()), ...(await units()), ...(await delay()), ...(await year())];
  },
};
