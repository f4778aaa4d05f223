import { afterAll, beforeAll, expect, test } from "vitest";
import { createGateway, type Gateway } from "../../gateway/server.ts";
import { AwsError, type Service } from "../../gateway/service.ts";
import { jsonService } from "../../protocols/json.ts";
import { restReply, restService } from "../../protocols/rest.ts";
import { testGraph } from "../testing/host.ts";
import { integration } from "./integrations.ts";
import { roleClients } from "./role-client.ts";

const account = "arn:aws:lambda:us-east-1:123456789012";

const lambda: Service = restService({
  name: "lambda",
  permissions: (request) => [
    { action: "lambda:InvokeFunction", resource: `${account}:function:${request.url.pathname.split("/")[3]}` },
  ],
  routes: {
    "POST /2015-03-31/functions/{name}/invocations": {
      action: "Invoke",
      raw: true,
      handle: (body: Buffer, { name = "" }: Readonly<Record<string, string>>) => {
        if (name === "busy") throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429);
        if (name !== "broken") return restReply(200, body.toString());
        return restReply(200, '{"errorType":"Oops","errorMessage":"m","trace":["t"]}', {
          "x-amz-function-error": "Unhandled",
        });
      },
    },
  },
});

const events = jsonService({
  name: "events",
  target: "AWSEvents",
  version: "1.1",
  actions: { PutEvents: (input) => ({ FailedEntryCount: 0, Entries: [{ EventId: input.Entries[0].Detail }] }) },
});

const policy = (action: string, resource: string) => ({ Effect: "Allow", Action: action, Resource: resource });

let gateway: Gateway;
let clients: ReturnType<typeof roleClients>;

const run = (functionName: string) =>
  integration(clients.of("arn:aws:iam::123456789012:role/machine"))(
    { kind: "service", type: "lambda", action: "invoke" },
    { FunctionName: functionName, Payload: { a: 1 } },
  );

beforeAll(async () => {
  gateway = await createGateway({ port: 0 });
  gateway.setServices([lambda, events]);
  gateway.setGraph(
    testGraph([
      {
        type: "aws:iam/role:Role",
        name: "machine",
        outputs: { name: "machine", arn: "arn:aws:iam::123456789012:role/machine", assumeRolePolicy: "{}" },
      },
      {
        type: "aws:iam/rolePolicy:RolePolicy",
        name: "policy",
        outputs: {
          name: "policy",
          role: "machine",
          policy: JSON.stringify({
            Version: "2012-10-17",
            Statement: [
              ...["allowed", "broken", "busy"].map((name) =>
                policy("lambda:InvokeFunction", `${account}:function:${name}`),
              ),
              policy("events:PutEvents", "*"),
            ],
          }),
        },
      },
    ]),
  );
  clients = roleClients({
    endpoint: gateway.endpoint,
    region: "us-east-1",
    credentials: (role, session) => gateway.credentials(role, session),
  });
});

afterAll(async () => {
  clients.close();
  await gateway.close();
});

test("a role invokes what its policy allows", async () => {
  expect(await run("allowed")).toMatchObject({ StatusCode: 200, Payload: { a: 1 } });
});

test("and nothing else", async () => {
  await expect(run("forbidden")).rejects.toMatchObject({
    error: "Lambda.AWSLambdaException",
    failureCause: expect.stringContaining("not authorized to perform: lambda:InvokeFunction"),
  });
});

test("a function's error is its own, a throttle is Lambda's", async () => {
  await expect(run("broken")).rejects.toMatchObject({
    error: "Oops",
    failureCause: '{"errorType":"Oops","errorMessage":"m","trace":["t"]}',
  });
  await expect(run("busy")).rejects.toMatchObject({ error: "Lambda.TooManyRequestsException" });
});

test("an event's detail is written as text", async () => {
  const client = clients.of("arn:aws:iam::123456789012:role/machine");
  const answer = await integration(client)(
    { kind: "service", type: "events", action: "putEvents" },
    { Entries: [{ Source: "s", DetailType: "t", Detail: { a: 1 } }] },
  );
  expect(answer).toMatchObject({ Entries: [{ EventId: '{"a":1}' }] });
});
