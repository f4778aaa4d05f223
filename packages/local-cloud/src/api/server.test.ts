import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApi, type TestApi } from "./fixture.ts";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const get = (path: string, init: RequestInit = {}): Promise<Response> => api.get(path, init);

// oxlint-disable-next-line typescript/no-explicit-any -- events are looked at, not used
const event = async (path: string, init: RequestInit = {}): Promise<any> => (await get(path, init)).json();

/** Sends bytes that no HTTP client would. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(api.port, "127.0.0.1", () => socket.write(text));
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
    expect(api.unapplied.status).toBe(503);
  });

  test("logs each request in the stage's format, a dash for what is not known", async () => {
    const ids: (string | null)[] = [];
    for (const [path, token] of [
      ["/items/7?how=status", ""],
      ["/nowhere", ""],
      ["/guarded", "somebody"],
      ["/guarded", "nobody"],
    ] as const)
      ids.push((await get(path, { headers: { authorization: `Bearer ${token}` } })).headers.get("x-amzn-requestid"));
    await expect
      .poll(() => api.logged.filter((line) => ids.some((id) => line.includes(id ?? ""))))
      .toEqual([
        `/access ${ids[0]} 502 GET /items/{id} - -`,
        `/access ${ids[1]} 404 GET - - -`,
        `/access ${ids[2]} 200 GET /guarded somebody -`,
        `/access ${ids[3]} 401 GET /guarded - -`,
      ]);
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
