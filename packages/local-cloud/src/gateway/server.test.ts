import http2 from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonService } from "../protocols/json.ts";
import { queryService } from "../protocols/query.ts";
import { restReply, restService } from "../protocols/rest.ts";
import { codeOf, sendSigned, type SignedCall } from "./signed.testing.ts";
import { createGateway, type Gateway } from "./server.ts";
import { AwsError } from "./service.ts";
import { graphOf, roleOf } from "./testing.ts";

const account = "123456789012";
const counted: string[] = [];

const services = [
  jsonService({
    name: "states",
    target: "AWSStepFunctions",
    version: "1.0",
    actions: {
      StartExecution: (input: unknown, request) => {
        counted.push("StartExecution");
        return { input, arn: request.caller?.arn };
      },
      Broken: () => {
        throw new AwsError("Broken", "on purpose", 418, { hint: "none" });
      },
    },
  }),
  jsonService({
    name: "cognito-idp",
    target: "AWSCognitoIdentityProviderService",
    version: "1.1",
    actions: {
      InitiateAuth: (_input, request) => ({ signed: request.caller !== undefined }),
      AdminGetUser: () => ({}),
    },
    claims: (url) => url.pathname.endsWith("/.well-known/jwks.json"),
  }),
  restService({
    name: "lambda",
    routes: {
      "POST /2015-03-31/functions/{name}/invocations": {
        action: "Invoke",
        raw: true,
        handle: (body: Buffer, { name }) => restReply(202, `${name}:${body.toString()}`, { "x-amz-version": "1" }),
      },
      "GET /2015-03-31/functions/special": { action: "Special", handle: () => ({ special: true }) },
      "GET /2015-03-31/functions/{name}": { action: "GetFunction", handle: (_input, params) => params },
      "GET /tags/{arn+}": { action: "ListTags", handle: (_input, params) => params },
    },
  }),
  queryService({
    name: "rds",
    namespace: "http://rds",
    actions: { Describe: (input) => ({ Echo: input["Name"], List: [1, 2], Odd: "<&>" }) },
  }),
];

const lid = `arn:aws:iam::${account}:policy/lid`;
const onlyLambda = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "lambda:*", Resource: "*" }],
});

const graph = graphOf(
  roleOf("starter", [
    {
      Effect: "Allow",
      Action: "states:StartExecution",
      Resource: "arn:aws:states:us-east-1:123456789012:stateMachine:onboard",
    },
    {
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: "arn:aws:lambda:us-east-1:123456789012:function:mine",
    },
    {
      Effect: "Deny",
      Action: "states:StartExecution",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalTag/tenant": "blocked" } },
    },
  ]),
  { type: "aws:iam/policy:Policy", name: "lid", inputs: {}, outputs: { arn: lid, policy: onlyLambda } },
  roleOf("lidded", [{ Effect: "Allow", Action: "*", Resource: "*" }], undefined, { permissionsBoundary: lid }),
  roleOf("sealed", [{ Effect: "Allow", Action: "*", Resource: "*" }], undefined, {
    permissionsBoundary: "arn:aws:iam::aws:policy/unheard-of",
  }),
  roleOf("anyone", [{ Effect: "Allow", Action: "*", Resource: "*" }], {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["sts:AssumeRole", "sts:TagSession"],
  }),
);

const tampered = (tamper: (headers: Record<string, string>) => void): Partial<SignedCall> => ({ tamper });

describe("the gateway", () => {
  let gateway: Gateway;
  const lines: string[] = [];
  beforeAll(async () => {
    gateway = await createGateway({ port: 0, log: (line) => lines.push(line) });
  });
  afterAll(() => gateway.close());

  const send = (call: SignedCall) => sendSigned(gateway.endpoint, call);
  const start = (more: Partial<SignedCall> = {}, input: object = {}) =>
    send({
      service: "states",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AWSStepFunctions.StartExecution" },
      body: JSON.stringify({ stateMachineArn: `arn:aws:states:us-east-1:${account}:stateMachine:onboard`, ...input }),
      ...more,
    });

  test("answers 503, which clients try again, until the services are there", async () => {
    expect((await start()).status).toBe(503);
    gateway.setServices(services);
    gateway.setGraph(graph);
    expect((await start()).status).toBe(200);
  });

  test("the operator's keys sign, each answer has an id", async () => {
    const { headers, text } = await start();
    expect(headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(text)).toMatchObject({ arn: `arn:aws:iam::${account}:root` });
  });

  test.for([
    ["a wrong secret", { credentials: { secretAccessKey: "wrong" } }, "InvalidSignatureException"],
    ["an unknown key", { credentials: { accessKeyId: "AKIAUNKNOWN" } }, "UnrecognizedClientException"],
    ["a changed header", tampered((headers) => void (headers["x-amz-target"] += "2")), "InvalidSignatureException"],
    [
      "a changed body",
      tampered((headers) => void (headers["x-amz-content-sha256"] = "0".repeat(64))),
      "InvalidSignatureException",
    ],
    ["a request of 20 minutes ago", { at: new Date(Date.now() - 20 * 60_000) }, "InvalidSignatureException"],
    ["a request of in 20 minutes", { at: new Date(Date.now() + 20 * 60_000) }, "InvalidSignatureException"],
    [
      "no signature",
      tampered((headers) => void delete headers["authorization"]),
      "MissingAuthenticationTokenException",
    ],
    [
      "half a signature",
      tampered((headers) => void (headers["authorization"] = "AWS4-HMAC-SHA256 Credential=test")),
      "IncompleteSignatureException",
    ],
  ] as const)("refuses %s, and does not run the call", async ([, call, code]) => {
    counted.length = 0;
    const { status, text } = await start(call);
    expect([status, codeOf(text)]).toEqual([400, code]);
    expect(counted).toEqual([]);
  });

  test("a role's session needs its token", async () => {
    const { sessionToken: _, ...rest } = gateway.credentials("starter", "s");
    expect(codeOf((await start({ credentials: rest })).text)).toBe("UnrecognizedClientException");
    const swapped = { ...rest, sessionToken: gateway.credentials("starter", "other").sessionToken };
    expect(codeOf((await start({ credentials: swapped })).text)).toBe("UnrecognizedClientException");
  });

  test("an expired session hears that it is expired", async () => {
    const credentials = gateway.sessions.issue({ role: "starter", session: "old", seconds: -1 });
    expect(codeOf((await start({ credentials })).text)).toBe("ExpiredTokenException");
  });

  test("a role may start its machine and no other", async () => {
    const credentials = gateway.credentials("starter", "worker");
    expect((await start({ credentials })).status).toBe(200);
    const other = await start(
      { credentials },
      { stateMachineArn: `arn:aws:states:us-east-1:${account}:stateMachine:other` },
    );
    expect(JSON.parse(other.text)).toMatchObject({
      __type: "AccessDeniedException",
      message: expect.stringContaining("stateMachine:other"),
    });
    expect(lines.at(-1)).toContain("assumed-role/starter/worker is not authorized to perform: states:StartExecution");
  });

  test("session tags and session policies narrow a role", async () => {
    const tagged = gateway.sessions.issue({ role: "starter", session: "t", tags: { tenant: "blocked" } });
    expect(JSON.parse((await start({ credentials: tagged })).text).message).toContain("with an explicit deny");
    const narrowed = gateway.sessions.issue({ role: "starter", session: "p", policy: onlyLambda });
    expect(JSON.parse((await start({ credentials: narrowed })).text).message).toContain("no session policy allows");
  });

  test("a permissions boundary holds, whatever the role's policies allow; one that is not known lets nothing through", async () => {
    for (const role of ["lidded", "sealed"])
      expect(JSON.parse((await start({ credentials: gateway.credentials(role, "worker") })).text)).toMatchObject({
        __type: "AccessDeniedException",
        message: expect.stringContaining("because no permissions boundary allows the states:StartExecution action"),
      });
    const invoke = async (role: string) => {
      const path = "/2015-03-31/functions/mine/invocations";
      return (
        await send({ service: "lambda", path, body: "payload", credentials: gateway.credentials(role, "worker") })
      ).status;
    };
    expect([await invoke("lidded"), await invoke("sealed")]).toEqual([202, 403]);
    expect(lines.some((line) => line.includes("policy/unheard-of is not known here"))).toBe(true);
  });

  test("REST services route by path; IAM knows the function by it", async () => {
    const credentials = gateway.credentials("starter", "worker");
    const invoke = (name: string) =>
      send({ service: "lambda", path: `/2015-03-31/functions/${name}/invocations`, body: "payload", credentials });
    const mine = await invoke("mine");
    expect([mine.status, mine.text, mine.headers.get("x-amz-version")]).toEqual([202, "mine:payload", "1"]);
    const other = await invoke("other");
    expect([other.status, other.headers.get("x-amzn-errortype")]).toEqual([403, "AccessDeniedException"]);
    const read = async (path: string) => JSON.parse((await send({ service: "lambda", path, method: "GET" })).text);
    expect(await read("/2015-03-31/functions/special")).toEqual({ special: true });
    expect(await read("/2015-03-31/functions/a%20b")).toEqual({ name: "a b" });
    expect(await read("/tags/arn:aws:x/y/z")).toEqual({ arn: "arn:aws:x/y/z" });
  });

  test("Query services read forms and write XML", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const { text } = await send({ service: "rds", headers: form, body: "Action=Describe&Version=1&Name.member.1=x" });
    expect(text).toContain(
      "<DescribeResult><Echo><member>x</member></Echo><List><member>1</member><member>2</member></List><Odd>&lt;&amp;&gt;</Odd></DescribeResult>",
    );
    const missing = await send({ service: "rds", headers: form, body: "Action=CreateDBCluster" });
    expect([missing.status, missing.text]).toEqual([
      501,
      expect.stringContaining("The embedded cloud has no rds:CreateDBCluster."),
    ]);
  });

  test.for([
    [
      "an action",
      { service: "states", headers: { "x-amz-target": "AWSStepFunctions.CreateActivity" } },
      "states:CreateActivity",
    ],
    ["a JSON service", { service: "kms", headers: { "x-amz-target": "TrentService.Encrypt" } }, "kms:Encrypt"],
    [
      "a Query service",
      { service: "iam", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "Action=ListRoles" },
      "iam:ListRoles",
    ],
    ["a REST service", { service: "batch", path: "/v1/submitjob" }, "batch:POST /v1/submitjob"],
  ] as const)("%s that is not there answers 501 by name", async ([, call, name]) => {
    for (const credentials of [{}, gateway.credentials("anyone", "worker")]) {
      const { status, text } = await send({ ...call, credentials });
      expect([status, text]).toEqual([501, expect.stringContaining(`The embedded cloud has no ${name}.`)]);
    }
  });

  test("unsigned calls reach Cognito's public actions and claimed paths, nothing else", async () => {
    const post = (target: string) =>
      fetch(gateway.endpoint, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
      });
    expect(await (await post("AWSCognitoIdentityProviderService.InitiateAuth")).json()).toEqual({ signed: false });
    expect((await post("AWSCognitoIdentityProviderService.AdminGetUser")).status).toBe(400);
    expect((await post("AWSStepFunctions.StartExecution")).status).toBe(400);
    // Claimed, so the service answers itself: it has no such action.
    expect((await fetch(`${gateway.endpoint}/us-east-1_x/.well-known/jwks.json`)).status).toBe(501);
    expect((await fetch(`${gateway.endpoint}/`)).status).toBe(403);
  });

  test("the same port speaks HTTP/2 without TLS", async () => {
    const session = http2.connect(gateway.endpoint);
    const stream = session.request({
      ":method": "POST",
      ":path": "/",
      "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
      "content-type": "application/x-amz-json-1.1",
    });
    stream.end("{}");
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += chunk as string;
    expect(JSON.parse(text)).toEqual({ signed: false });
    session.close();
  });

  test("an error of the service keeps its code, status and fields", async () => {
    const { status, text } = await send({ service: "states", headers: { "x-amz-target": "AWSStepFunctions.Broken" } });
    expect([status, JSON.parse(text)]).toEqual([418, { __type: "Broken", message: "on purpose", hint: "none" }]);
  });

  test("parts call each other in-process as the operator", async () => {
    const answer = await gateway.call("states", "StartExecution", { a: 1 });
    expect(answer).toEqual({ input: { a: 1 }, arn: `arn:aws:iam::${account}:root` });
    await expect(gateway.call("states", "Broken", {})).rejects.toMatchObject({ code: "Broken", status: 418 });
  });
});
