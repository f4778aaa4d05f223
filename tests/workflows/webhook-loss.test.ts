import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { ready } from "../support/ready.ts";

/** The ids of the events that came to each path, in the order in which they did. */
const received: { readonly path: string; readonly webhookId: string; readonly eventId: string }[] = [];
let receiver: Server;
let token: string;
let bus: string;

const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { id } = JSON.parse(await text(request)) as { id: string };
  received.push({ path: request.url ?? "", webhookId: String(request.headers["webhook-id"]), eventId: id });
  response.writeHead(204).end();
};

const listen = async (port = 0): Promise<Server> => {
  const server = createServer((request, response) => void receive(request, response));
  server.listen(port, "localhost");
  await once(server, "listening");
  return server;
};
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const sqs = (action: string, input: object) => askJson(ready(), "sqs", `AmazonSQS.${action}`, input);
const queueUrl = async (name: string): Promise<string> => {
  const { QueueUrls } = await sqs("ListQueues", {});
  return QueueUrls.find((url: string) => url.includes(`${name}Queue`));
};

/** What is not taken comes again after so long: nobody wants to wait for two minutes here. */
const visibility = async (queue: string, seconds: number): Promise<void> => {
  const Attributes = { VisibilityTimeout: String(seconds) };
  await sqs("SetQueueAttributes", { QueueUrl: await queueUrl(queue), Attributes });
};

beforeAll(async () => {
  receiver = await listen();
  token = await signIn(ready());
  const { EventBuses } = await askJson(ready(), "events", "AWSEvents.ListEventBuses", {});
  bus = EventBuses.map(({ Name }: { Name: string }) => Name).find((name: string) => name !== "default");
  await visibility("WebhookEvents", 3);
  // Longer than a claim, as it is deployed.
  await visibility("Webhooks", 27);
});
afterAll(async () => {
  receiver.close();
  await visibility("WebhookEvents", 120);
  await visibility("Webhooks", 60);
});

const type = "tenant.compensation_failed.v1";

const subscribe = async (path: string, port = portOf(receiver)): Promise<string> => {
  const body = { url: `http://localhost:${port}${path}`, event_types: [type] };
  const answer = await send(ready(), "POST", "/admin/webhooks", { token, body });
  if (answer.status !== 201) throw new Error(answer.text);
  const { id } = answer.body as { id: string };
  // The list that is fanned out to is an index, which follows.
  await poll(
    () => send(ready(), "GET", "/admin/webhooks?limit=100", { token }),
    (list) => list.body.items.some((item: { id: string }) => item.id === id),
  );
  return id;
};
const unsubscribe = (id: string) => send(ready(), "DELETE", `/admin/webhooks/${id}`, { token });

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const newUlid = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(26)), (byte) => letters[byte % 32]).join("");

/** Puts events on the bus as the outbox does. Returns their ids. */
const publish = async (count: number, subject = `ten_${newUlid()}`): Promise<string[]> => {
  const events = Array.from({ length: count }, () => ({
    specversion: "1.0",
    id: `evt_${newUlid()}`,
    source: "tenantry",
    type,
    subject,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data: { tenant_id: subject },
  }));
  for (let at = 0; at < count; at += 10) {
    const Entries = events.slice(at, at + 10).map((event) => ({
      EventBusName: bus,
      Source: "tenantry",
      DetailType: type,
      Detail: JSON.stringify(event),
    }));
    const { FailedEntryCount } = await askJson(ready(), "events", "AWSEvents.PutEvents", { Entries });
    expect(FailedEntryCount).toBe(0);
  }
  return events.map(({ id }) => id);
};

const client = (service: string) =>
  new AwsClient({ accessKeyId: "test", secretAccessKey: "test", service, region: "us-east-1" });

type Rule = { service: string; action: string; kind: string; times: number; invocation?: string[]; match?: string };
const faults = async (rule?: Rule): Promise<(Rule & { hits: number })[]> => {
  const url = new URL("/_faults", ready().aws_endpoint_url).href;
  const answer = await client("faults").fetch(url, rule && { method: "POST", body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { faults: (Rule & { hits: number })[] }).faults;
};
const hitsOf = async (marker: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await faults())
      .filter(({ invocation, match }) => invocation?.[0] === marker || match === marker)
      .map(({ kind, action, hits }) => [`${kind} ${action}`, hits]),
  );

const deliveries = async (webhookId: string) =>
  (await send(ready(), "GET", `/admin/webhooks/${webhookId}/deliveries?limit=100`, { token })).body.items as {
    id: string;
    event_id: string;
    status: string;
    attempts: { status_code: number | null; error: string | null }[];
  }[];

/** Every event came at least once under its own id, and the log says so of each. */
const expectAll = async (webhookId: string, path: string, events: readonly string[]) => {
  // Other tenants' events may come meanwhile.
  const came = () => received.filter((one) => one.path === path && events.includes(one.eventId));
  await poll(
    async () => new Set(came().map(({ eventId }) => eventId)).size,
    (size) => size >= events.length,
  );
  expect(new Set(came().map(({ eventId }) => eventId))).toEqual(new Set(events));
  for (const { webhookId: header, eventId } of came()) expect(header).toBe(eventId);
  const log = await poll(
    async () => (await deliveries(webhookId)).filter(({ event_id }) => events.includes(event_id)),
    (list) => list.length === events.length && list.every(({ status }) => status === "succeeded"),
  );
  expect(log.map(({ event_id, status }) => `${event_id} ${status}`).toSorted()).toEqual(
    events.map((id) => `${id} succeeded`).toSorted(),
  );
};

const setAside = async (): Promise<string> => {
  const QueueUrl = await queueUrl("WebhookFailures");
  const { Attributes } = await sqs("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] });
  return Attributes.ApproximateNumberOfMessages;
};

describe("no event is lost", () => {
  test("though the fan-out dies, is refused and loses replies, more often than three times in a row", async () => {
    const path = "/fan-out";
    const id = await subscribe(path);
    const subject = `ten_${newUlid()}`;
    const invocation = [subject];
    await faults({ service: "dynamodb", action: "Query", kind: "kill", times: 4, invocation });
    await faults({ service: "dynamodb", action: "PutItem", kind: "kill-after", times: 2, invocation });
    await faults({ service: "dynamodb", action: "PutItem", kind: "throttle", times: 12, invocation });
    await faults({ service: "sqs", action: "SendMessage", kind: "error", times: 12, invocation });
    await faults({ service: "sqs", action: "SendMessage", kind: "lost-reply", times: 6, invocation });
    const events = await publish(20, subject);
    await expectAll(id, path, events);
    const hits = await hitsOf(subject);
    expect(hits).toMatchObject({ "kill Query": 4, "kill-after PutItem": 2 });
    expect(await setAside()).toBe("0");
    await unsubscribe(id);
  });

  test("though workers die before and after their claim, and records lose their replies", async () => {
    const path = "/workers";
    const id = await subscribe(path);
    const invocation = [id];
    await faults({ service: "dynamodb", action: "UpdateItem", kind: "kill", times: 1, invocation });
    await faults({ service: "dynamodb", action: "UpdateItem", kind: "kill-after", times: 1, invocation });
    await faults({ service: "dynamodb", action: "UpdateItem", kind: "lost-reply", times: 3, invocation });
    await faults({ service: "secretsmanager", action: "GetSecretValue", kind: "error", times: 4, invocation });
    const events = await publish(12);
    await expectAll(id, path, events);
    expect(await hitsOf(id)).toMatchObject({ "kill UpdateItem": 1, "kill-after UpdateItem": 1 });
    expect(await setAside()).toBe("0");
    await unsubscribe(id);
  });

  test("though nobody listens at first", async () => {
    const closed = await listen();
    const port = portOf(closed);
    closed.close();
    const path = "/down";
    const id = await subscribe(path, port);
    const events = await publish(3);
    await poll(
      () => deliveries(id),
      (list) => list.length === 3 && list.every(({ attempts }) => attempts.length > 0),
    );
    for (const { attempts } of await deliveries(id))
      expect(attempts[0]).toMatchObject({ status_code: null, error: expect.stringMatching(/ECONNREFUSED/) });
    const opened = await listen(port);
    await expectAll(id, path, events);
    opened.close();
    await unsubscribe(id);
  });

  test("though its job is: the sweep finds the delivery", async () => {
    const path = "/swept";
    const id = await subscribe(path);
    await faults({ service: "sqs", action: "SendMessage", kind: "ignore", times: 1, match: id });
    const [event] = await publish(1);
    const [stuck] = await poll(
      () => deliveries(id),
      (list) => list.length === 1,
    );
    expect(await hitsOf(id)).toEqual({ "ignore SendMessage": 1 });
    expect(stuck).toMatchObject({ status: "pending", attempts: [], event_id: event });

    // As if it had been due long ago.
    const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
    await askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
      TableName: TableNames.find((name: string) => name.includes("ControlTable")),
      Key: { pk: { S: `WEBHOOK#${id}` }, sk: { S: `DELIVERY#${stuck!.id}` } },
      UpdateExpression: "SET gsi2sk = :long_ago",
      ExpressionAttributeValues: { ":long_ago": { S: `2026-01-01T00:00:00.000Z#${stuck!.id}` } },
    });
    const functions = new URL("/2015-03-31/functions/", ready().aws_endpoint_url).href;
    const { Functions } = (await (await client("lambda").fetch(functions)).json()) as {
      Functions: { FunctionName: string }[];
    };
    const { FunctionName } = Functions.find((one) => one.FunctionName.includes("SweepDeliveries"))!;
    const swept = await client("lambda").fetch(`${functions}${FunctionName}/invocations`, {
      method: "POST",
      body: "{}",
    });
    expect(swept.headers.get("x-amz-function-error"), await swept.text()).toBeNull();
    await expectAll(id, path, [event!]);
    await unsubscribe(id);
  });
});
