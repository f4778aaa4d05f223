import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf } from "../gateway/testing.ts";
import { resource, type TestResource } from "../lambda/fixture.ts";
import { authorizer, method, startTestApi, type TestApi } from "./fixture.ts";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const get = (path: string, init: RequestInit = {}): Promise<Response> => api.get(path, init);

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

  test("that denies has said who it was, for the access log", async () => {
    await as("denied");
    await expect.poll(() => api.logged.at(-1)).toMatch(/^\/access \S+ 403 GET \/guarded denied -$/);
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
    await expect(api.part.apply?.(graph)).rejects.toThrow(message);
    expect((await get("/echo")).status).toBe(200);
  });
});
