import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { OutboundEvent } from "@tenantry/core/events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { commitWrites } from "./commit.ts";
import { publisher, publishRecords } from "./outbox.ts";

type Entry = { Detail: string; DetailType: string; Source: string; EventBusName: string };

// Only the bus itself stands here as an HTTP server: it must be able to refuse single events.
let client: EventBridgeClient;
let calls: Entry[][];
let refuse: (entry: Entry) => boolean;
const server = createServer((request, response) => void answer(request, response));

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { Entries } = (await json(request)) as { Entries: Entry[] };
  calls.push(Entries);
  const results = Entries.map((entry) =>
    refuse(entry) ? { ErrorCode: "ThrottlingException", ErrorMessage: "slow" } : { EventId: "id" },
  );
  const failed = results.filter((result) => "ErrorCode" in result).length;
  response.end(JSON.stringify({ Entries: results, FailedEntryCount: failed }));
};

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  client = new EventBridgeClient({
    endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
});
afterAll(() => {
  client.destroy();
  server.close();
});
beforeEach(() => {
  calls = [];
  refuse = () => false;
});

const eventOf = (n: number): OutboundEvent => ({
  id: `evt_${n}`,
  type: "tenant.activated.v1",
  subject: "ten_1",
  time: "2026-11-20T13:45:12.123Z",
  data: { n },
});

/** The image that the stream shows of the very item that a commit writes. */
const imageOf = (event: OutboundEvent): Record<string, AttributeValue> => {
  const audit = {
    id: "a",
    at: event.time,
    actor: "",
    action: "",
    tenant_id: "t",
    request_id: "",
    source_ip: null,
    before: null,
    after: null,
  };
  return marshall(commitWrites("table", { audit, events: [event] })[1]?.Put?.Item ?? {});
};
const recordOf = (n: number) => ({ dynamodb: { NewImage: imageOf(eventOf(n)), SequenceNumber: String(n) } });

describe("the outbox", () => {
  test("publishes the events among other records, as CloudEvents, in order and ten at a time", async () => {
    const publish = publishRecords(publisher("bus", client));
    const tenant = { dynamodb: { NewImage: marshall({ pk: "TENANT#1", entity: "tenant" }), SequenceNumber: "0" } };
    const removed = { dynamodb: { SequenceNumber: "0" } };
    const records = [tenant, removed, ...Array.from({ length: 23 }, (_, n) => recordOf(n))];
    expect(await publish(records)).toEqual({ published: 23, failed: [] });
    expect(calls.map((entries) => entries.length)).toEqual([10, 10, 3]);
    const [first] = calls.flat();
    expect(first).toMatchObject({ EventBusName: "bus", Source: "tenantry", DetailType: "tenant.activated.v1" });
    expect(JSON.parse(first?.Detail ?? "")).toEqual({
      specversion: "1.0",
      source: "tenantry",
      datacontenttype: "application/json",
      ...eventOf(0),
    });
    const order = calls.flat().map(({ Detail }) => (JSON.parse(Detail) as OutboundEvent).id);
    expect(order).toEqual(Array.from({ length: 23 }, (_, n) => `evt_${n}`));
  });

  test("names exactly the records that the bus did not take", async () => {
    refuse = ({ Detail }) => /"evt_(3|17)"/.test(Detail);
    const records = Array.from({ length: 20 }, (_, n) => recordOf(n));
    expect(await publishRecords(publisher("bus", client))(records)).toEqual({ published: 18, failed: ["3", "17"] });
  });

  test("asks the bus nothing when there is nothing to say", async () => {
    expect(await publishRecords(publisher("bus", client))([])).toEqual({ published: 0, failed: [] });
    expect(calls).toEqual([]);
  });
});
