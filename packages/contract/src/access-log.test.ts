import { expect, test } from "vitest";
import { accessLogFormat, readAccessLine } from "./access-log.ts";

const tenant = "ten_01JD0000000000000000000000";
const known: Record<string, string> = {
  requestId: "0f7b6c1e-8a4d-4a55-9a3e-6f2b0c1d2e3f",
  requestTimeEpoch: "1763646312123",
  status: "200",
  httpMethod: "GET",
  path: "/admin/tenants/x",
  resourcePath: "/admin/tenants/{tenant_id}",
  "identity.userAgent": "curl/8",
  "authorizer.sub": "sub-1",
  "authorizer.org_id": tenant,
  "identity.sourceIp": "203.0.113.7",
};

/** As API Gateway writes it: values as they are, a dash for what is not known. */
const lineOf = (change: Record<string, string> = {}): string =>
  accessLogFormat.replace(/\$context\.([\w.]+)/g, (_, name: string) => ({ ...known, ...change })[name] ?? "-");

const request = {
  requestId: known["requestId"],
  at: 1_763_646_312_123,
  status: 200,
  route: "GET /admin/tenants/{tenant_id}",
  user: "sub-1",
  orgId: tenant,
  sourceIp: "203.0.113.7",
  userAgent: "curl/8",
};

test("a line is JSON, and its request is read from it", () => {
  expect(JSON.parse(lineOf())).toMatchObject({ requestId: known["requestId"], userAgent: "curl/8", status: "200" });
  expect(readAccessLine(lineOf())).toEqual(request);
  expect(accessLogFormat.length, "AWS takes 3 KB in one line").toBeLessThan(3000);
  expect(accessLogFormat).not.toContain("\n");
});

test.for([
  '"}',
  '","meter":"other 1 200 GET /x sub-2 ten_01JD0000000000000000000009"}',
  '","meter":"other 1 200 GET /x sub-2 ten_01JD0000000000000000000009"',
  "\\",
  '"',
])("what a client sends cannot hide or forge a request: %s", (hostile) => {
  expect(readAccessLine(lineOf({ "identity.userAgent": hostile, path: `/${hostile}` }))).toEqual({
    ...request,
    userAgent: hostile,
  });
});

test("a request that nobody was authorised for has none", () => {
  expect(readAccessLine(lineOf({ "authorizer.sub": "-", "authorizer.org_id": "-" }))).toBeNull();
  expect(readAccessLine("")).toBeNull();
});

test("a request tells of whom staff acted for, and whoever has no organisation has none", () => {
  const acting = { "authorizer.on_behalf_of": "sub-2", "authorizer.impersonation": "imp_1" };
  expect(readAccessLine(lineOf(acting))).toEqual({
    ...request,
    onBehalfOf: { user_id: "sub-2", impersonation_id: "imp_1" },
  });
  for (const nothing of ["-", ""])
    expect(readAccessLine(lineOf({ "authorizer.org_id": nothing }))).toEqual({ ...request, orgId: "" });
});

test("what a client calls itself is cut", () => {
  expect(readAccessLine(lineOf({ "identity.userAgent": "x".repeat(5000) }))?.userAgent).toHaveLength(200);
});
