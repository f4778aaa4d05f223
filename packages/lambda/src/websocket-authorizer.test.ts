import { platformOrg } from "@tenantry/core/access/policy";
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handshakeToken, websocketAuthorizer } from "./websocket-authorizer.ts";

const arn = "arn:aws:execute-api:us-east-1:123456789012:api/task-status/$connect";
const eventOf = (headers: Record<string, string[]>, query: Record<string, string[]> = {}) =>
  ({
    type: "REQUEST",
    methodArn: arn,
    multiValueHeaders: headers,
    multiValueQueryStringParameters: query,
    requestContext: { requestId: "req-1" },
  }) as unknown as APIGatewayRequestAuthorizerEvent;

const bearer = {
  sub: "user",
  email: "a@b.example",
  sid: "s",
  org_id: platformOrg,
  permissions: "operations:read",
  exp: 42,
};

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, "write").mockImplementation((line) => lines.push(String(line)) > 0);
});
afterEach(() => void vi.restoreAllMocks());

test.for([
  [{ Authorization: ["Bearer a.b.c"] }, {}],
  [{ authorization: ["bearer a.b.c"] }, {}],
  [{}, { access_token: ["a.b.c"] }],
  [{ "User-Agent": ["x"], Authorization: ["Bearer a.b.c"] }, { other: ["x"] }],
  [{ Authorization: ["Bearer a.b.c"], Empty: undefined }, { access_token: undefined }],
] as const)("the token is found in %j and %j", ([headers, query]) => {
  expect(handshakeToken(eventOf({ ...headers } as never, { ...query } as never))).toBe("a.b.c");
});

test.for([
  [{}, {}],
  [{ Authorization: ["Bearer a.b.c"] }, { access_token: ["a.b.c"] }],
  [{}, { access_token: ["a.b.c", "a.b.c"] }],
  [{}, { access_token: [""] }],
  [{}, { token: ["a.b.c"] }],
] as const)("%j and %j hold no token", ([headers, query]) => {
  expect(() => handshakeToken(eventOf({ ...headers } as never, { ...query } as never))).toThrow(/Authorization header/);
});

test("a handshake without headers and without a query has no token, and one of the two is enough", () => {
  const of = (headers: object | null, query: object | null) =>
    handshakeToken({ multiValueHeaders: headers, multiValueQueryStringParameters: query } as never);
  expect(() => of(null, null)).toThrow(/Authorization header/);
  expect(of({ Authorization: ["Bearer a.b.c"] }, null)).toBe("a.b.c");
  expect(of(null, { access_token: ["a.b.c"] })).toBe("a.b.c");
});

describe("the authorizer of the handshake", () => {
  const logged = () =>
    lines.map((line) => {
      const { time, ...rest } = JSON.parse(line) as { time: string };
      expect(time).toBeTruthy();
      return rest;
    });

  test("logs nothing of whom it lets in, and one line of each refusal, which says why", async () => {
    const event = eventOf({}, { access_token: ["a.b.c"] });
    const { policyDocument } = await websocketAuthorizer(async () => bearer)(event);
    expect(policyDocument).toEqual({
      Version: "2012-10-17",
      Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: arn }],
    });
    expect(lines).toEqual([]);
    await websocketAuthorizer(async () => ({ ...bearer, permissions: "" }))(event);
    const lost = Object.assign(new Error("no keys"), { name: "KeysUnavailable" });
    for (const error of [new Error("no"), lost])
      await websocketAuthorizer(() => Promise.reject(error))(event).catch(() => undefined);
    const about = { message: "refused", request_id: "req-1", route: "$connect" };
    expect(logged()).toEqual([
      { ...about, level: "info", status: 403, actor: "user", reason: "the token lacks operations:read" },
      { ...about, level: "info", status: 401, reason: "Error: no" },
      { ...about, level: "error", status: 500, reason: "KeysUnavailable: no keys" },
    ]);
  });

  const ask = (who: typeof bearer) => websocketAuthorizer(async () => who)(eventOf({}, { access_token: ["a.b.c"] }));

  test("lets staff in, and says when their token ends", async () => {
    expect(await ask(bearer)).toMatchObject({
      principalId: "user",
      policyDocument: { Statement: [{ Effect: "Allow", Resource: arn }] },
      context: { org_id: platformOrg, permissions: "operations:read", exp: "42" },
    });
  });

  test.for([{ permissions: "usage:read" }, { permissions: "" }, { org_id: "" }])("denies %j", async (lacking) => {
    const { policyDocument } = await ask({ ...bearer, ...lacking });
    expect(policyDocument.Statement).toMatchObject([{ Effect: "Deny" }]);
  });

  test("denies whoever acts on behalf of another: a connection would outlive an impersonation that is ended", async () => {
    const impersonation = { id: "imp_1", user_id: "mia", reason: "ticket", ends_at: "2026-11-20T12:30:00.000Z" };
    const acting = websocketAuthorizer(async () => ({ ...bearer, impersonation }));
    const { policyDocument } = await acting(eventOf({}, { access_token: ["a.b.c"] }));
    expect(policyDocument.Statement).toMatchObject([{ Effect: "Deny" }]);
    expect(logged()).toMatchObject([{ status: 403, reason: "nobody watches on behalf of another" }]);
  });

  test("answers a bad token in API Gateway's words, and logs no token", async () => {
    const refuse = websocketAuthorizer(async () => Promise.reject(new Error("Token expired")));
    await expect(refuse(eventOf({}, { access_token: ["a.b.c"] }))).rejects.toThrow(/^Unauthorized$/);
    expect(lines.join("")).toContain("Token expired");
    expect(lines.join("")).not.toContain("a.b.c");
  });

  test("fails, and lets nobody in, when the keys cannot be had", async () => {
    const error = Object.assign(new Error("no keys"), { name: "KeysUnavailable" });
    const fails = websocketAuthorizer(() => Promise.reject(error));
    await expect(fails(eventOf({}, { access_token: ["a.b.c"] }))).rejects.toBe(error);
  });
});
