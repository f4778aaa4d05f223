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
  ] as const)("%j holds %s", ([headers, token]) =>
    expect(bearerToken(headers as unknown as Record<string, string[]>)).toBe(token),
  );

  test.for<[headers: Record<string, string[]> | null]>([
    [null],
    [{}],
    [{ Authorization: [] }],
    [{ Authorization: [""] }],
    [{ Authorization: ["Bearer "] }],
    [{ Authorization: ["a.b.c"] }],
    [{ Authorization: ["Basic a.b.c"] }],
    [{ Authorization: ["Bearer a.b"] }],
    [{ Authorization: ["Bearer a.b."] }],
    [{ Authorization: ["Bearer a.b.c.d"] }],
    [{ Authorization: ["Bearer a.b.c, Bearer a.b.c"] }],
    [{ Authorization: ["Bearer a.b.c x"] }],
    [{ Authorization: ["Bearer a.b.c", "Bearer a.b.c"] }],
    [{ Authorization: ["Bearer a.b.c"], authorization: ["Bearer a.b.c"] }],
    [{ Authorization: [`Bearer a.b.${"c".repeat(9000)}`] }],
  ])("%j is refused", ([headers]) => expect(() => bearerToken(headers)).toThrow(/Authorization header/));
});
