import { operations } from "@tenantry/contract/operations";
import { signedIn } from "@tenantry/core/access/decide";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authorizer, bearerToken } from "./authorizer.ts";

const arn = (method: string, path: string) =>
  `arn:aws:execute-api:us-east-1:123456789012:api/dev/${method}/${path.replace(/^\//, "")}`;

const eventOf = (method: string, resource: string, path = resource, headers = { Authorization: ["Bearer a.b.c"] }) =>
  ({
    type: "REQUEST",
    methodArn: arn(method, path),
    httpMethod: method,
    resource,
    multiValueHeaders: headers,
    requestContext: { requestId: "req-1" },
  }) as unknown as APIGatewayRequestAuthorizerEvent;

const bearer = { sub: "user", email: "a@b.example", sid: "s", org_id: platformOrg, permissions: permissions.join(" ") };
const shared = { platform: "key-of-staff", others: "key-of-others" };
const effectOf = async (event: APIGatewayRequestAuthorizerEvent, who = bearer) => {
  const { policyDocument } = await authorizer(async () => who, shared)(event);
  expect(policyDocument.Statement).toHaveLength(1);
  return policyDocument.Statement[0];
};

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, "write").mockImplementation((line) => lines.push(String(line)) > 0);
});
afterEach(() => void vi.restoreAllMocks());

describe("the authorizer", () => {
  test("lets a bearer with the permission through to exactly this method and path", async () => {
    const event = eventOf("GET", "/admin/tenants/{tenant_id}", "/admin/tenants/ten_1");
    expect(await authorizer(async () => bearer, shared)(event)).toEqual({
      principalId: "user",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: event.methodArn }],
      },
      context: bearer,
      usageIdentifierKey: shared.platform,
    });
  });

  test.for(Object.values(operations).filter(({ permission }) => permission !== null))(
    "asks for the permission of $id",
    async ({ method, path, permission }) => {
      const event = eventOf(method, path);
      expect(await effectOf(event, { ...bearer, permissions: permission ?? "" })).toMatchObject({ Effect: "Allow" });
      const others = permissions.filter((one) => one !== permission).join(" ");
      const lacking = permission === signedIn ? { ...bearer, sid: "" } : { ...bearer, permissions: others };
      expect(await effectOf(event, lacking)).toMatchObject({ Effect: "Deny" });
    },
  );

  test("names what the request is counted under: the tenant's own key, that of staff, or that of all others", async () => {
    const keyFor = async (more: object) =>
      (await authorizer(async () => ({ ...bearer, ...more }), shared)(eventOf("GET", "/admin/tenants")))
        .usageIdentifierKey;
    expect(await keyFor({ org_id: "ten_1", usageKey: "ten1" })).toBe("ten1");
    expect(await keyFor({})).toBe("key-of-staff");
    expect(await keyFor({ org_id: "ten_1" })).toBe("key-of-others");
    expect(await keyFor({ org_id: "", permissions: "" })).toBe("key-of-others");
  });

  test("denies a route that is not in the contract, a bearer without an organisation, and wildcards", async () => {
    expect(await effectOf(eventOf("DELETE", "/admin/tenants"))).toMatchObject({ Effect: "Deny" });
    expect(await effectOf(eventOf("GET", "/admin/{proxy+}"))).toMatchObject({ Effect: "Deny" });
    expect(await effectOf(eventOf("GET", "/admin/tenants"), { ...bearer, org_id: "" })).toMatchObject({
      Effect: "Deny",
    });
    for (const path of ["/admin/tenants/*", "/admin/tenants/ten_?"])
      expect(await effectOf(eventOf("GET", "/admin/tenants/{tenant_id}", path))).toMatchObject({ Effect: "Deny" });
    expect(lines.join("")).toContain("the route is not in the contract");
  });

  test("answers a token that does not verify in API Gateway's words, and logs why but not the token", async () => {
    const refuse = authorizer(async () => {
      throw new Error("Token expired at 2026");
    }, shared);
    await expect(refuse(eventOf("GET", "/admin/tenants"))).rejects.toThrow(/^Unauthorized$/);
    expect(JSON.parse(lines.join(""))).toMatchObject({
      request_id: "req-1",
      status: 401,
      reason: "Error: Token expired at 2026",
    });
    expect(lines.join("")).not.toContain("a.b.c");
  });

  const logged = () =>
    lines.map((line) => {
      const { time, ...rest } = JSON.parse(line) as { time: string };
      expect(time).toBeTruthy();
      return rest;
    });
  const about = { message: "refused", request_id: "req-1", route: "GET /admin/tenants/{tenant_id}" };
  const onTenant = (path = "/admin/tenants/ten_1") => eventOf("GET", "/admin/tenants/{tenant_id}", path);

  test("logs nothing of whom it lets in, and one line of each refusal, which says why", async () => {
    await authorizer(async () => bearer, shared)(onTenant());
    expect(logged()).toEqual([]);
    await authorizer(async () => ({ ...bearer, permissions: "" }), shared)(onTenant());
    await authorizer(async () => bearer, shared)(onTenant("/admin/tenants/*"));
    await authorizer(
      () => Promise.reject(new Error(`No. ${"x".repeat(400)}`)),
      shared,
    )(onTenant()).catch(() => undefined);
    const lost = Object.assign(new Error("no keys"), { name: "KeysUnavailable" });
    await authorizer(() => Promise.reject(lost), shared)(onTenant()).catch(() => undefined);
    await authorizer(() => Promise.reject("odd"), shared)(onTenant()).catch(() => undefined);
    expect(logged()).toEqual([
      { ...about, level: "info", status: 403, actor: "user", reason: "the token lacks tenants:read" },
      { ...about, level: "info", status: 403, actor: "user", reason: "the path holds a wildcard" },
      { ...about, level: "info", status: 401, reason: `Error: No. ${"x".repeat(289)}` },
      { ...about, level: "error", status: 500, reason: "KeysUnavailable: no keys" },
      { ...about, level: "info", status: 401, reason: "unknown" },
    ]);
  });

  test("tells on whose behalf, and why, and lets such a bearer do only what support may do for others", async () => {
    const impersonation = { id: "imp_1", user_id: "v", reason: "ticket", ends_at: "2026-11-20T14:45:12.000Z" };
    const acting = { ...bearer, org_id: "ten_1", impersonation };
    const { context } = await authorizer(async () => acting, shared)(eventOf("GET", "/api/usage"));
    const { sub, email, org_id, permissions: held, sid } = acting;
    const onBehalf = {
      impersonation: "imp_1",
      on_behalf_of: "v",
      impersonation_reason: "ticket",
      impersonation_ends_at: impersonation.ends_at,
    };
    expect(context).toEqual({ sub, email, org_id, permissions: held, sid, ...onBehalf });
    expect(await effectOf(eventOf("GET", "/api/usage"), acting)).toMatchObject({ Effect: "Allow" });
    expect(await effectOf(eventOf("GET", "/api/sessions"), acting)).toMatchObject({ Effect: "Deny" });
  });

  test("denies everything, and not a pattern, where the path holds a wildcard", async () =>
    expect(await effectOf(onTenant("/admin/tenants/*"))).toEqual({
      Action: "execute-api:Invoke",
      Effect: "Deny",
      Resource: "*",
    }));

  test("denies whom something bars, whatever they may do, and says what", async () => {
    const barred = { ...bearer, barred: "the organisation is suspended" };
    expect(await effectOf(onTenant(), barred)).toMatchObject({ Effect: "Deny" });
    expect(logged()).toMatchObject([{ reason: "the organisation is suspended" }]);
  });

  test("tells the verifier where the request comes from, as far as it is known and short", async () => {
    const origins: unknown[] = [];
    const verify = authorizer(async (token, origin) => (origins.push([token, origin]), bearer), shared);
    const from = (identity?: object) => {
      const event = onTenant();
      return verify({ ...event, requestContext: { ...event.requestContext, identity } } as typeof event);
    };
    await from({ sourceIp: "203.0.113.7", userAgent: "u".repeat(300) });
    await from({ sourceIp: null, userAgent: null });
    await from();
    const nowhere = ["a.b.c", { sourceIp: "", userAgent: "" }];
    expect(origins).toEqual([["a.b.c", { sourceIp: "203.0.113.7", userAgent: "u".repeat(200) }], nowhere, nowhere]);
  });

  test("fails, and lets nobody through, when the keys cannot be had", async () => {
    const error = Object.assign(new Error("no keys"), { name: "KeysUnavailable" });
    await expect(authorizer(() => Promise.reject(error), shared)(eventOf("GET", "/admin/tenants"))).rejects.toBe(error);
  });
});

describe("the Authorization header", () => {
  test.for([
    [{ Authorization: ["Bearer a.b-_.c"] }, "a.b-_.c"],
    [{ authorization: ["bearer   a.b.c"] }, "a.b.c"],
    [{ AUTHORIZATION: ["BEARER a.b.c"], other: ["x"] }, "a.b.c"],
    [{ Authorization: ["Bearer aa.bb-_.cc"] }, "aa.bb-_.cc"],
    [{ Authorization: ["Bearer tk_ab-_1"] }, "tk_ab-_1"],
    [{ Authorization: [`Bearer a.b.${"c".repeat(8181)}`] }, `a.b.${"c".repeat(8181)}`],
    [{ Authorization: ["Bearer a.b.c"], other: undefined }, "a.b.c"],
  ] as const)("%j holds %s", ([headers, token]) =>
    expect(bearerToken(headers as unknown as Record<string, string[]>)).toBe(token),
  );

  test.for<[headers: Record<string, string[]> | null]>([
    [null],
    [{}],
    [{ Authorization: [] }],
    [{ Authorization: [""] }],
    [{ Authorization: ["Bearer "] }],
    [{ Authorization: ["Bearer   "] }],
    [{ Authorization: ["Bearera.b.c"] }],
    [{ Authorization: ["a.b.c"] }],
    [{ Authorization: ["Basic a.b.c"] }],
    [{ Authorization: [`Basic ${"a.b.c".repeat(20)}`] }],
    [{ Authorization: ["x Bearer a.b.c"] }],
    [{ Authorization: ["Bearer\ta.b.c"] }],
    [{ Authorization: [`Bearer a.b.${"c".repeat(8182)}`] }],
    [{ Authorization: ["Bearer a.b.c", "Bearer a.b.c"] }],
    [{ Authorization: ["Bearer a.b.c"], authorization: ["Bearer a.b.c"] }],
    [{ Authorization: [`Bearer a.b.${"c".repeat(9000)}`] }],
  ])("%j is refused", ([headers]) => expect(() => bearerToken(headers)).toThrow(/Authorization header/));
});
