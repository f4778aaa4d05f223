import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { storage } from "../engines/storage.ts";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { functionArn, resource, type TestResource } from "../lambda/fixture.ts";
import { eventsPart } from "./events.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- events and answers are looked at, not used
type Json = any;

const rule = (name: string, inputs: Record<string, unknown>): TestResource => ({
  type: "aws:cloudwatch/eventRule:EventRule",
  name,
  inputs: { name, eventBusName: "app", ...inputs },
  outputs: { arn: `arn:aws:events:us-east-1:123456789012:rule/app/${name}` },
});
const target = (of: string, inputs: Record<string, unknown> = {}): TestResource =>
  resource("aws:cloudwatch/eventTarget:EventTarget", `${of}Target`, {
    rule: of,
    eventBusName: "app",
    arn: functionArn(of),
    ...inputs,
  });

let cloud: TestCloud;
let calls: [string, unknown][];
let failures = 0;

beforeAll(async () => {
  cloud = await startTestCloud([eventsPart]);
  cloud.host.invoke = async (name, payload) => {
    calls.push([name.split(":").at(-1) ?? "", payload]);
    failures -= 1;
    return failures >= 0 ? { payload: null, error: { errorType: "Error", errorMessage: "no" } } : { payload: null };
  };
  const inputTransformer = {
    inputPaths: { who: "$.detail.name", all: "$.detail" },
    inputTemplate: '{"text": "Hello <who>!", "who": <who>, "detail": <all>}',
  };
  await cloud.apply(
    graphOf(
      resource("aws:cloudwatch/eventBus:EventBus", "Bus", { name: "app" }),
      rule("tenants", { eventPattern: JSON.stringify({ "detail-type": [{ prefix: "tenant." }] }) }),
      target("tenants"),
      rule("shaped", { eventPattern: JSON.stringify({ source: ["shaped"] }) }),
      target("shaped", { inputTransformer }),
      rule("off", { eventPattern: JSON.stringify({ source: [{ exists: true }] }), state: "DISABLED" }),
      target("off"),
      roleOf("publisher", [
        {
          Effect: "Allow",
          Action: "events:PutEvents",
          Resource: "arn:aws:events:us-east-1:123456789012:event-bus/app",
        },
      ]),
    ),
  );
});
afterAll(() => cloud.close());
beforeEach(() => {
  calls = [];
  failures = 0;
});

const put = (...Entries: object[]): Promise<Json> => cloud.host.call("events", "PutEvents", { Entries });
const entry = (inputs: object = {}): object => ({
  EventBusName: "app",
  Source: "tenantry",
  DetailType: "tenant.activated.v1",
  Detail: '{"name":"Acme \\"Corp\\""}',
  ...inputs,
});

describe("a queue as a target", () => {
  const queueArn = "arn:aws:sqs:us-east-1:123456789012:events";
  const policy = (Resource = queueArn): TestResource => ({
    type: "aws:sqs/queuePolicy:QueuePolicy",
    name: "QueuePolicy",
    inputs: {
      queueUrl: "events",
      policy: JSON.stringify({
        Statement: [
          { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource },
        ],
      }),
    },
  });
  const graphWith = (admission: TestResource) =>
    graphOf(
      resource("aws:cloudwatch/eventBus:EventBus", "Bus", { name: "app" }),
      { type: "aws:sqs/queue:Queue", name: "Queue", inputs: {}, outputs: { name: "events", arn: queueArn } },
      admission,
      rule("queued", { eventPattern: JSON.stringify({ source: ["queued"] }) }),
      target("queued", { arn: queueArn }),
    );

  test("is sent each event, however often it could not be reached before", async () => {
    const other = await startTestCloud([storage, eventsPart]);
    const call = other.host.call.bind(other.host);
    let refusals = 3;
    other.host.call = async (service, action, input) => {
      if (action === "SendMessage" && (refusals -= 1) >= 0) throw new Error("The queue is away.");
      return call(service, action, input);
    };
    await other.apply(graphWith(policy()));
    const { Entries } = (await call("events", "PutEvents", { Entries: [entry({ Source: "queued" })] })) as Json;
    const QueueUrl = "http://sqs.us-east-1.amazonaws.com/123456789012/events";
    const messages: Json[] = [];
    await vi.waitFor(async () => {
      const { Messages = [] } = (await call("sqs", "ReceiveMessage", { QueueUrl })) as Json;
      messages.push(...Messages);
      expect(messages).toHaveLength(1);
    });
    expect(JSON.parse(messages[0].Body)).toMatchObject({
      id: Entries[0].EventId,
      "detail-type": "tenant.activated.v1",
      detail: { name: 'Acme "Corp"' },
    });
    await other.close();
  });

  test("must let EventBridge in by its policy", async () => {
    const other = await startTestCloud([storage, eventsPart]);
    await expect(other.apply(graphWith(policy(`${queueArn}-of-another`)))).rejects.toThrow(
      "does not let EventBridge in",
    );
    await other.close();
  });
});

describe("EventBridge", () => {
  test("hands an event to the rules whose pattern it matches, in EventBridge's shape", async () => {
    const { Entries, FailedEntryCount } = await put(
      entry({ EventBusName: "arn:aws:events:us-east-1:123456789012:event-bus/app", Resources: ["r"] }),
    );
    expect(FailedEntryCount).toBe(0);
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]).toEqual([
      "tenants",
      {
        version: "0",
        id: Entries[0].EventId,
        "detail-type": "tenant.activated.v1",
        source: "tenantry",
        account: "123456789012",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        region: "us-east-1",
        resources: ["r"],
        detail: { name: 'Acme "Corp"' },
      },
    ]);
  });

  test("shapes a target's input", async () => {
    await put(entry({ Source: "shaped", DetailType: "x" }));
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]).toEqual([
      "shaped",
      { text: 'Hello Acme "Corp"!', who: 'Acme "Corp"', detail: { name: 'Acme "Corp"' } },
    ]);
  });

  test("tries a target again that failed", async () => {
    failures = 1;
    await put(entry());
    await vi.waitFor(() => expect(calls).toHaveLength(2));
  });

  test.for([
    [{ Source: undefined }, "InvalidArgument"],
    [{ Detail: undefined }, "InvalidArgument"],
    [{ Detail: "no json" }, "MalformedDetail"],
    [{ Detail: "[1]" }, "MalformedDetail"],
    [{ EventBusName: "none" }, "ResourceNotFoundException"],
  ] as const)("an entry with %j fails by itself", async ([inputs, ErrorCode]) => {
    const answer = await put(entry(inputs), entry({ DetailType: "beside" }));
    expect(answer).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode }, { EventId: expect.any(String) }] });
  });

  test.for([
    ["none", []],
    ["eleven", Array.from({ length: 11 }, () => entry())],
    ["too large", [entry({ Detail: JSON.stringify({ x: "x".repeat(263_000) }) })]],
  ] as const)("a request with %s entries is refused", async ([, entries]) => {
    await expect(put(...entries)).rejects.toMatchObject({ code: "ValidationException" });
  });

  test("what a role may not put on a bus does not get there", async () => {
    const client = new AwsClient({ ...cloud.client("publisher").credentials, region: "us-east-1", service: "events" });
    const send = (bus: string): Promise<Response> =>
      client.fetch(cloud.gateway.endpoint, {
        method: "POST",
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents" },
        body: JSON.stringify({ Entries: [entry({ EventBusName: bus })] }),
      });
    expect((await send("app")).status).toBe(200);
    const refused = await send("default");
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("AccessDeniedException")]);
  });

  test("shows the events it was given, of a type when asked", async () => {
    await put(entry({ DetailType: "a b.v1" }), entry({ DetailType: "other.v1" }));
    const response = await fetch(`${cloud.gateway.endpoint}/_events?detail-type=a%20b.v1`);
    const { events } = (await response.json()) as Json;
    expect(events.map((event: Json) => event["detail-type"])).toEqual(["a b.v1"]);
  });

  test("a target or pattern that the embedded cloud cannot run is refused at the deployment", async () => {
    const { eventsPart: factory } = await import("./events.ts");
    const part = await factory(cloud.host);
    const queue = graphOf(rule("r", { eventPattern: "{}" }), target("r", { arn: "arn:aws:sns:us-east-1:1:t" }));
    await expect(part.apply?.(queue)).rejects.toThrow("cannot run arn:aws:sns");
    const pattern = graphOf(rule("r", { eventPattern: '{"source":[{"soundslike":"x"}]}' }));
    await expect(part.apply?.(pattern)).rejects.toThrow("soundslike is not known");
  });
});
