import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { graphOf, startTestCloud, type TestCloud } from "../../gateway/testing.ts";
import { functionArn, resource, type TestResource } from "../../lambda/fixture.ts";
import { logsPart } from "./part.ts";

type Batch = { logGroup: string; logStream: string; subscriptionFilters: string[]; logEvents: { message: string }[] };

let cloud: TestCloud;
const batches: Batch[] = [];
let failures = 1;

const group = (name: string): TestResource => ({
  type: "aws:cloudwatch/logGroup:LogGroup",
  name,
  inputs: { name },
  outputs: { name },
});
const subscription = (inputs: Record<string, unknown> = {}): TestResource =>
  resource("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", "Access", {
    name: "access",
    logGroup: "/access",
    filterPattern: "",
    destinationArn: functionArn("counter"),
    ...inputs,
  });

beforeAll(async () => {
  cloud = await startTestCloud([logsPart]);
  cloud.host.invoke = async (_, payload) => {
    failures -= 1;
    if (failures >= 0) return { payload: null, error: { errorType: "Error", errorMessage: "no" } };
    const { awslogs } = payload as { awslogs: { data: string } };
    batches.push(JSON.parse(gunzipSync(Buffer.from(awslogs.data, "base64")).toString()) as Batch);
    return { payload: null };
  };
  await cloud.apply(graphOf(group("/access"), group("/quiet"), subscription()));
});
afterAll(() => cloud.close());

const put = (logGroupName: string, ...messages: string[]) =>
  cloud.host.call("logs", "PutLogEvents", {
    logGroupName,
    logStreamName: "stream",
    logEvents: messages.map((message) => ({ timestamp: 1, message })),
  });

test("a subscription is handed each event of its group, gathered and packed as on AWS, and again after a failure", async () => {
  await Promise.all([put("/access", "one", "two"), put("/quiet", "other"), put("/access", "three")]);
  await vi.waitFor(() => expect(batches).toHaveLength(1));
  expect(batches[0]).toMatchObject({
    messageType: "DATA_MESSAGE",
    owner: "123456789012",
    logGroup: "/access",
    logStream: "stream",
    subscriptionFilters: ["access"],
    logEvents: ["one", "two", "three"].map((message) => ({ message, timestamp: 1, id: expect.any(String) })),
  });
});

test("a group that is not there is an error, as is what the embedded cloud lacks", async () => {
  await expect(put("/none", "x")).rejects.toMatchObject({ code: "ResourceNotFoundException" });
  await expect(cloud.host.call("logs", "FilterLogEvents", {})).rejects.toMatchObject({ status: 501 });
  const apply = (inputs: Record<string, unknown>) => cloud.apply(graphOf(group("/access"), subscription(inputs)));
  await expect(apply({ filterPattern: "{ $.status = 200 }" })).rejects.toThrow(/filter patterns/);
  await expect(apply({ destinationArn: "arn:aws:kinesis:us-east-1:1:stream/x" })).rejects.toThrow(/Lambda functions/);
});
