import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { functionArn, functionResources, resource, type TestResource } from "../lambda/fixture.ts";
import { createLambdaHost, type LambdaHost } from "../lambda/host.ts";
import type { Part } from "../part.ts";
import { type ApiServer, createApiServer } from "./server.ts";

const uri = (name: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn(name)}/invocations`;

const gateway = (type: string, statusCode: string): TestResource =>
  resource("aws:apigateway/response:Response", `Gateway${type}`, {
    restApiId: "api1",
    responseType: type,
    statusCode,
    responseParameters: { "gatewayresponse.header.Content-Type": "'application/problem+json'" },
    responseTemplates: {
      "application/json": `{"status":${statusCode},"type":"$context.error.responseType","detail":$context.error.messageString,"request_id":"$context.requestId","instance":"$context.path"}`,
    },
  });

const route = (id: string, parent: string, part: string): TestResource =>
  resource("aws:apigateway/resource:Resource", id, { restApi: "api1", parentId: parent, pathPart: part });

const method = (
  resourceId: string,
  verb: string,
  name: string,
  inputs: Record<string, unknown> = {},
): TestResource[] => [
  resource("aws:apigateway/method:Method", `${verb}${resourceId}`, {
    restApi: "api1",
    resourceId,
    httpMethod: verb,
    authorization: "NONE",
    ...inputs,
  }),
  resource("aws:apigateway/integration:Integration", `${verb}${resourceId}Integration`, {
    restApi: "api1",
    resourceId,
    httpMethod: verb,
    type: "AWS_PROXY",
    uri: uri(name),
    timeoutMilliseconds: 1500,
  }),
];

const authorizer = (id: string, inputs: Record<string, unknown>): TestResource =>
  resource("aws:apigateway/authorizer:Authorizer", id, {
    restApi: "api1",
    type: "REQUEST",
    authorizerUri: uri("authorizer"),
    identitySource: "method.request.header.Authorization",
    ...inputs,
  });

const authorizerSource = `let calls = 0;
export const handler = async (event) => {
  const token = (event.headers.Authorization ?? event.headers.authorization).slice(7);
  calls += 1;
  if (token === "nobody") throw new Error("Unauthorized");
  if (token === "breaks") throw new Error("broken");
  if (token === "malformed") return { principalId: "x" };
  if (token === "nested") return { principalId: "x", context: { deep: {} }, policyDocument: { Statement: [] } };
  const arn = event.methodArn.split("/").slice(0, 2).join("/");
  const Statement = [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: token === "reader" ? arn + "/GET/*" : arn + "/*" }];
  if (token === "denied") Statement.push({ Effect: "Deny", Action: "execute-api:*", Resource: "*" });
  return { principalId: token, context: { calls, admin: true }, policyDocument: { Version: "2012-10-17", Statement } };
};`;

const echoSource = `export const handler = async (event) => {
  const how = event.queryStringParameters?.how;
  if (how === "throw") throw new Error("boom");
  if (how === "hang") await new Promise((r) => setTimeout(r, 2500));
  if (how === "text") return "no proxy response";
  if (how === "body") return { statusCode: 200, body: { not: "text" } };
  if (how === "status") return { body: "" };
  if (how === "inject") return { statusCode: 200, headers: { "x-evil": "a\\r\\nset-cookie: b" }, body: "" };
  if (how === "headers") return { statusCode: 201, headers: { "content-type": "text/plain", etag: 7, "x-both": "one" }, multiValueHeaders: { "set-cookie": ["a=1", "b=2"], "X-Both": ["many"] }, body: "made" };
  if (how === "auth") return { statusCode: 401, headers: { "WWW-Authenticate": "Bearer" }, body: "" };
  if (how === "binary") return { statusCode: 200, headers: { "content-type": "image/png" }, isBase64Encoded: true, body: "iVBORw==" };
  if (how === "empty") return { statusCode: 204 };
  return { statusCode: 200, body: JSON.stringify(event) };
};`;

let cloud: TestCloud;
let lambda: LambdaHost;
let server: ApiServer;
let part: Part;
let unapplied: Response;

beforeAll(async () => {
  cloud = await startTestCloud([]);
  const { host } = cloud;
  lambda = await createLambdaHost(host);
  host.invoke = (name, payload) => lambda.invoke(name, payload);
  server = await createApiServer({ port: 0 });
  part = await server.part(host);
  unapplied = await fetch(`${server.url}/echo`);
  const graph = graphOf(
    ...(await functionResources(host.data, "echo", echoSource)),
    ...(await functionResources(host.data, "authorizer", authorizerSource)),
    resource("aws:apigateway/restApi:RestApi", "api1", { name: "api", binaryMediaTypes: ["image/*"] }),
    resource("aws:apigateway/stage:Stage", "stage", { restApi: "api1", stageName: "local", deployment: "d1" }),
    ...["UNAUTHORIZED", "ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "DEFAULT_4XX"].map(
      (type, index) => gateway(type, ["401", "403", "404", "413", "400"][index] ?? ""),
    ),
    route("echoes", "rootid", "echo"),
    ...method("echoes", "GET", "echo"),
    ...method("echoes", "POST", "echo"),
    route("items", "rootid", "items"),
    route("item", "items", "{id}"),
    ...method("item", "GET", "echo"),
    route("special", "items", "special"),
    ...method("special", "ANY", "echo"),
    route("files", "rootid", "files"),
    route("file", "files", "{path+}"),
    ...method("file", "GET", "echo"),
    authorizer("cached", { authorizerResultTtlInSeconds: 60 }),
    authorizer("fresh", { authorizerResultTtlInSeconds: 0 }),
    route("guarded", "rootid", "guarded"),
    ...method("guarded", "GET", "echo", { authorization: "CUSTOM", authorizerId: "cached" }),
    ...method("guarded", "POST", "echo", { authorization: "CUSTOM", authorizerId: "cached" }),
    route("strict", "rootid", "strict"),
    ...method("strict", "GET", "echo", { authorization: "CUSTOM", authorizerId: "fresh" }),
    route("lost", "rootid", "lost"),
    ...method("lost", "GET", "missing"),
    resource("aws:apigateway/method:Method", "cors", {
      restApi: "api1",
      resourceId: "echoes",
      httpMethod: "OPTIONS",
      authorization: "NONE",
    }),
    resource("aws:apigateway/integration:Integration", "corsI", {
      restApi: "api1",
      resourceId: "echoes",
      httpMethod: "OPTIONS",
      type: "MOCK",
    }),
    resource("aws:apigateway/integrationResponse:IntegrationResponse", "corsR", {
      restApi: "api1",
      resourceId: "echoes",
      httpMethod: "OPTIONS",
      statusCode: "204",
      responseParameters: { "method.response.header.Access-Control-Allow-Origin": "'*'" },
    }),
  );
  await lambda.apply(graph);
  await part.apply?.(graph);
});
afterAll(async () => {
  await server.close();
  await lambda.close();
  await cloud.close();
});

const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${server.url}${path}`, init);

// oxlint-disable-next-line typescript/no-explicit-any -- events are looked at, not used
const event = async (path: string, init: RequestInit = {}): Promise<any> => (await get(path, init)).json();

/** Sends bytes that no HTTP client would. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });

const rawGet = (path: string): Promise<string> => raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

describe("the REST API", () => {
  test("answers 503 on its port until something is deployed", () => {
    expect(unapplied.status).toBe(503);
  });

  test("passes on the proxy event as API Gateway writes it", async () => {
    const sent = await event("/items/a%20b?x=1&x=2&y=%C3%A4", { headers: { "X-Custom": "v" } });
    expect(sent).toMatchObject({
      resource: "/items/{id}",
      path: "/items/a%20b",
      httpMethod: "GET",
      pathParameters: { id: "a b" },
      queryStringParameters: { x: "2", y: "ä" },
      multiValueQueryStringParameters: { x: ["1", "2"], y: ["ä"] },
      stageVariables: null,
      body: null,
      isBase64Encoded: false,
      requestContext: {
        resourceId: "item",
        resourcePath: "/items/{id}",
        httpMethod: "GET",
        path: "/items/a%20b",
        accountId: "123456789012",
        apiId: "api1",
        stage: "local",
        protocol: "HTTP/1.1",
        requestTime: expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        requestTimeEpoch: expect.any(Number),
        identity: { sourceIp: "127.0.0.1", user: null },
      },
    });
    expect(sent.headers["X-Custom"]).toBe("v");
    expect(sent.multiValueHeaders["X-Forwarded-For"]).toEqual(["127.0.0.1"]);
    expect(sent.requestContext).not.toHaveProperty("authorizer");
  });

  test("names its request in the answer", async () => {
    const response = await get("/echo");
    const { requestContext } = (await response.json()) as { requestContext: { requestId: string } };
    expect(response.headers.get("x-amzn-requestid")).toBe(requestContext.requestId);
    expect(response.headers.get("x-amz-apigw-id")).toBeTruthy();
  });

  test("a forwarded address and other additions cannot be forged", async () => {
    const sent = await event("/echo", { headers: { "x-forwarded-for": "1.2.3.4", "X-Forwarded-Proto": "https" } });
    expect(sent.headers["X-Forwarded-For"]).toBe("1.2.3.4, 127.0.0.1");
    expect(Object.keys(sent.headers).filter((name) => name.toLowerCase().startsWith("x-forwarded"))).toHaveLength(3);
    expect(sent.requestContext.identity.sourceIp).toBe("127.0.0.1");
  });

  test.for([
    ["/items/special", "/items/special", null],
    ["/items/other", "/items/{id}", { id: "other" }],
    ["/items/other/", "/items/{id}", { id: "other" }],
    ["/items/a%2Fb", "/items/{id}", { id: "a/b" }],
    ["/items/%252e", "/items/{id}", { id: "%2e" }],
    ["/files/a/b%20c", "/files/{path+}", { path: "a/b c" }],
  ] as const)("%s is routed to %s", async ([path, resourcePath, params]) => {
    const sent = await event(path);
    expect([sent.resource, sent.pathParameters]).toEqual([resourcePath, params]);
  });

  test.for([
    "/nothing",
    "/items",
    "/items/a/b",
    "/",
    "//echo",
    "/items//",
    "/items/..",
    "/items/%2e%2e",
    "/files/a/../b",
    "/items/%00",
    "/items/%zz",
    "/ECHO",
    "*",
  ])("%s does not exist", async (path) => {
    const answer = await rawGet(path);
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
    expect(answer).toContain('"type":"MISSING_AUTHENTICATION_TOKEN"');
  });

  test("a method that is not there does not exist, HEAD and OPTIONS included", async () => {
    expect((await get("/echo", { method: "DELETE" })).status).toBe(404);
    expect((await get("/echo", { method: "HEAD" })).status).toBe(404);
    expect((await get("/items/x", { method: "OPTIONS" })).status).toBe(404);
    expect((await event("/items/special", { method: "PATCH" })).httpMethod).toBe("PATCH");
  });

  test("a mock integration answers without a function", async () => {
    const response = await get("/echo", { method: "OPTIONS" });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  });

  test("a gateway response is written as its template says", async () => {
    const response = await get('/no"where?x=1');
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("x-amzn-errortype")).toBe("MissingAuthenticationTokenException");
    expect(await response.json()).toEqual({
      status: 404,
      type: "MISSING_AUTHENTICATION_TOKEN",
      detail: "Missing Authentication Token",
      request_id: response.headers.get("x-amzn-requestid"),
      instance: "/no%22where",
    });
  });

  test("bodies arrive as text, and as base64 where their type is binary", async () => {
    expect(await event("/echo", { method: "POST", body: '{"ü":1}' })).toMatchObject({
      body: '{"ü":1}',
      isBase64Encoded: false,
    });
    const headers = { "content-type": "image/png" };
    const body = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);
    expect(await event("/echo", { method: "POST", body, headers })).toMatchObject({
      body: "iVBORw==",
      isBase64Encoded: true,
    });
  });

  test("a body above 10 MB is refused, announced or not", async () => {
    const body = new Uint8Array(10 * 1024 * 1024 + 1);
    expect((await get("/echo", { method: "POST", body })).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(body);
        controller.close();
      },
    });
    const response = await get("/echo", { method: "POST", body: stream, duplex: "half" });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ type: "REQUEST_TOO_LARGE" });
  });

  test("a body that a function cannot take is refused as too large", async () => {
    expect((await get("/echo", { method: "POST", body: "x".repeat(6_400_000) })).status).toBe(413);
  });

  test("a head above 10,240 bytes is answered 431 in the API's own words", async () => {
    const response = await get("/echo", { headers: { "x-long": "x".repeat(11_000) } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: "Request Header Fields Too Large" });
  });

  test("what is no HTTP is answered and cut off", async () => {
    expect(await raw("NONSENSE\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
    expect(
      await raw("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ).toMatch(/^HTTP\/1.1 400 /);
  });

  test("a function's headers are sent, many values and all", async () => {
    const response = await get("/echo?how=headers");
    expect([response.status, await response.text()]).toEqual([201, "made"]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("etag")).toBe("7");
    expect(response.headers.get("x-both")).toBe("many");
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect((await get("/echo")).headers.get("content-type")).toBe("application/json");
    expect((await get("/echo?how=auth")).headers.get("x-amzn-remapped-www-authenticate")).toBe("Bearer");
  });

  test("a binary answer is decoded for those who accept it", async () => {
    const accepted = await get("/echo?how=binary", { headers: { accept: "image/png" } });
    expect(Buffer.from(await accepted.arrayBuffer()).toString("hex")).toBe("89504e47");
    const other = await get("/echo?how=binary", { headers: { accept: "text/html" } });
    expect(await other.text()).toBe("iVBORw==");
  });

  test("an answer without a body is one", async () => {
    const response = await get("/echo?how=empty");
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });

  test.for([
    ["throw", 502],
    ["text", 502],
    ["body", 502],
    ["status", 502],
    ["inject", 502],
    ["hang", 504],
  ] as const)("a function that answers badly (%s) is a %i", async ([how, status]) => {
    const response = await get(`/echo?how=${how}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      message: how === "hang" ? "Endpoint request timed out" : "Internal server error",
    });
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test("a function that is not there is a 500", async () => {
    expect((await get("/lost")).status).toBe(500);
  });
});

describe("a request authorizer", () => {
  const as = (token: string, path = "/guarded", init: RequestInit = {}): Promise<Response> =>
    get(path, { ...init, headers: { Authorization: `Bearer ${token}` } });

  test("is not asked when its identity source is missing", async () => {
    const response = await get("/guarded");
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ type: "UNAUTHORIZED", detail: "Unauthorized" });
  });

  test("passes principal and context on, as text", async () => {
    const { requestContext } = (await (await as("alice")).json()) as { requestContext: { authorizer: object } };
    expect(requestContext.authorizer).toMatchObject({ principalId: "alice", calls: expect.any(String), admin: "true" });
  });

  test.for([
    ["nobody", 401, { type: "UNAUTHORIZED" }],
    [
      "denied",
      403,
      { type: "ACCESS_DENIED", detail: "User is not authorized to access this resource with an explicit deny" },
    ],
    ["breaks", 500, { message: null }],
    ["malformed", 500, { message: null }],
    ["nested", 500, { message: null }],
  ] as const)("that says %s is a %i", async ([token, status, body]) => {
    const response = await as(token);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(body);
  });

  test("is asked once per identity while its result is fresh, and its policy is read for each method", async () => {
    const calls = async (response: Response): Promise<string> =>
      ((await response.json()) as { requestContext: { authorizer: { calls: string } } }).requestContext.authorizer
        .calls;
    expect(await calls(await as("reader"))).toBe(await calls(await as("reader")));
    const refused = await as("reader", "/guarded", { method: "POST" });
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { detail: "User is not authorized to access this resource" },
    ]);
    expect(await calls(await as("reader", "/strict"))).not.toBe(await calls(await as("reader", "/strict")));
  });

  test("does not remember a refusal by error", async () => {
    const before = (await (await as("counter")).json()) as { requestContext: { authorizer: { calls: string } } };
    await as("nobody");
    await as("nobody");
    const after = (await (await as("counter2")).json()) as { requestContext: { authorizer: { calls: string } } };
    expect(Number(after.requestContext.authorizer.calls) - Number(before.requestContext.authorizer.calls)).toBe(3);
  });
});

describe("a deployment", () => {
  test.for<[string, TestResource[], RegExp]>([
    ["a method without an integration", method("echoes", "GET", "echo").slice(0, 1), /has no integration/],
    [
      "an authorizer of another kind",
      [...method("x", "GET", "echo"), authorizer("pool", { type: "COGNITO_USER_POOLS" })],
      /COGNITO_USER_POOLS/,
    ],
    [
      "a method that names no authorizer",
      method("x", "GET", "echo", { authorization: "CUSTOM", authorizerId: "gone" }),
      /does not exist/,
    ],
    ["IAM authorization", method("x", "GET", "echo", { authorization: "AWS_IAM" }), /AWS_IAM/],
  ])("with %s is refused", async ([, resources, message]) => {
    const graph = graphOf(
      resource("aws:apigateway/restApi:RestApi", "api1", { name: "api" }),
      resource("aws:apigateway/stage:Stage", "stage", { restApi: "api1", stageName: "local" }),
      ...resources,
    );
    await expect(part.apply?.(graph)).rejects.toThrow(message);
    expect((await get("/echo")).status).toBe(200);
  });
});
