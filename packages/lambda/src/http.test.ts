import { operations } from "@tenantry/contract/operations";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import type { Idempotency, IdempotentRequest } from "@tenantry/core/idempotency";
import { newOnboarding } from "@tenantry/core/operation/begin";
import { Problem, problems } from "@tenantry/core/problem";
import type { RegisterTenant } from "@tenantry/core/tenant/register";
import { type Tenant, TenantConfig } from "@tenantry/core/tenant/tenant";
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from "aws-lambda";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { http, httpPost } from "./http.ts";

const tenantId = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";
const at = "2026-11-20T13:45:12.123Z";

type Given = Partial<Omit<APIGatewayProxyEvent, "requestContext">> & {
  authorizer?: Record<string, unknown>;
  stage?: string;
};

const eventOf = ({ authorizer, stage = "", ...given }: Given): APIGatewayProxyEvent => {
  const path = given.path ?? "/admin/tenants";
  const claims = { sub: "user", email: "a@b.example", org_id: platformOrg, permissions: permissions.join(" ") };
  return {
    resource: path,
    path,
    httpMethod: "POST",
    headers: {},
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    body: null,
    isBase64Encoded: false,
    ...given,
    requestContext: {
      requestId: "req-1",
      path: `${stage}${path}`,
      authorizer: authorizer ?? claims,
      identity: { sourceIp: "192.0.2.1" },
    } as unknown as APIGatewayProxyEvent["requestContext"],
  };
};

type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
const call = async (handler: unknown, given: Given) => {
  const {
    statusCode,
    headers = {},
    body,
  } = await (handler as Handler)(eventOf(given), {
    getRemainingTimeInMillis: () => 5000,
  } as Context);
  const json = String(headers["content-type"]).includes("json");
  return { status: statusCode, headers, body: json ? (JSON.parse(body) as Record<string, unknown>) : body, text: body };
};

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, "write").mockImplementation((line) => lines.push(String(line)) > 0);
});
afterEach(() => void vi.restoreAllMocks());

const tenantOf = (input: RegisterTenant): Tenant => ({
  id: tenantId,
  slug: "slug",
  name: input.name,
  tier: input.tier,
  status: "provisioning",
  config: TenantConfig.parse(input.config),
  owner: { email: "a@b.example" },
  resources: {},
  created_at: at,
  updated_at: at,
});
const operation = newOnboarding("op_01JD5V8Q9WB2C4D6E8F0G1H3J5", tenantId, at);

/** What a POST's edge asked for: nothing is kept here. */
const asked: IdempotentRequest[] = [];
const keeping: Idempotency = async (request, run) => {
  asked.push(request);
  return (await run()).result;
};

const create = httpPost(
  operations.createTenant,
  ({ body, root }) => ({
    body: { tenant: tenantOf(body), operation },
    headers: { location: `${root}/admin/operations/${operation.id}` },
    tenantId,
  }),
  keeping,
);
const list = http(operations.listTenants, ({ query }) => ({ body: { items: [], next_cursor: JSON.stringify(query) } }));
const get = http(operations.getTenant, ({ params }) => {
  throw new Problem("tenant-not-found", `There is no tenant ${params.tenant_id}.`);
});

const seed =
  '{"name":"Acme Corp","tier":"premium","config":{"region":"us-east-1","features":["analytics","api-access"]}}';

const expectProblem = (answer: Awaited<ReturnType<typeof call>>, code: keyof typeof problems) => {
  const { status, title } = problems[code];
  expect(answer.body).toMatchObject({ type: `/problems/${code}`, title, status, request_id: "req-1" });
  expect(answer).toMatchObject({
    status,
    headers: {
      "content-type": "application/problem+json",
      "x-request-id": "req-1",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
};

describe("a request that is right", () => {
  test("is answered as it stands in the seed: no content type, nothing optional", async () => {
    const answer = await call(create, { body: seed });
    expect(answer).toMatchObject({
      status: 202,
      headers: { "content-type": "application/json", "x-request-id": "req-1", "cache-control": "no-store" },
      body: { tenant: { name: "Acme Corp" }, operation: { status: "pending" } },
    });
  });

  test("may be in base64, in bytes beyond ASCII and under any content type", async () => {
    const body = Buffer.from('{"name":"株式会社","tier":"trial"}').toString("base64");
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const answer = await call(create, { body, headers, isBase64Encoded: true });
    expect(answer).toMatchObject({ status: 202, body: { tenant: { name: "株式会社" } } });
  });

  test.for([
    ["", "/admin/operations/"],
    ["/dev", "/dev/admin/operations/"],
  ] as const)("gets a location that leads back, below %j", async ([stage, start]) => {
    const answer = await call(create, { body: seed, stage });
    expect(answer.headers["location"]).toBe(`${start}${operation.id}`);
  });

  test("has its query parsed", async () => {
    const query = { limit: ["7"], tier: ["trial"] };
    const answer = await call(list, { multiValueQueryStringParameters: query });
    expect(answer.body).toMatchObject({ next_cursor: '{"tier":"trial","limit":7}' });
    expect((await call(list, {})).body).toMatchObject({ next_cursor: '{"limit":20}' });
  });
});

describe("a body that is refused", () => {
  const body = (change: object) => JSON.stringify({ name: "Acme", tier: "trial", ...change });

  test.for<[why: string, body: string, ...pointers: string[]]>([
    ["unknown field", body({ colour: "red" }), "/colour"],
    ["unknown fields, one with a slash and a tilde", body({ "a/b~c": 1, d: 2 }), "/a~1b~0c", "/d"],
    ["unknown field within", body({ config: { x: 1 } }), "/config/x"],
    ["prototype", '{"name":"A","tier":"trial","__proto__":{"x":1}}', "/__proto__"],
    ["name missing", '{"tier":"trial"}', "/name"],
    ["name and tier missing", "{}", "/name", "/tier"],
    ["name no text", body({ name: 7 }), "/name"],
    ["name null", body({ name: null }), "/name"],
    ["name empty", body({ name: "" }), "/name"],
    ["name of spaces", body({ name: "   " }), "/name"],
    ["name of 1,000 characters", body({ name: "n".repeat(1000) }), "/name"],
    ["name of punctuation", body({ name: "!!! ---" }), "/name"],
    ["name with ../", body({ name: "../etc/passwd" }), "/name"],
    ["name with a hyphen first", body({ name: "-acme" }), "/name"],
    ["name with a null byte", body({ name: "ac\0me" }), "/name"],
    ["tier unknown", body({ tier: "gold" }), "/tier"],
    ["tier of the prototype", body({ tier: "constructor" }), "/tier"],
    ["region too long", body({ config: { region: "m".repeat(65) } }), "/config/region"],
    ["feature no string", body({ config: { features: ["sso", 1] } }), "/config/features/1"],
    ["features no list", body({ config: { features: "sso" } }), "/config/features"],
    ["owner malformed", body({ owner: { email: "nobody" } }), "/owner/email"],
    ["owner with a line break", body({ owner: { email: "a@b.example\r\nBcc: x@y.example" } }), "/owner/email"],
    ["list", "[]", ""],
    ["null", "null", ""],
    ["text", '"Acme"', ""],
  ])("%s", async ([, text, ...pointers]) => {
    const answer = await call(create, { body: text });
    expectProblem(answer, "invalid-request");
    const { errors } = answer.body as { errors: { pointer: string; detail: string }[] };
    expect([...new Set(errors.map(({ pointer }) => pointer))].toSorted()).toEqual(pointers.toSorted());
    for (const { detail } of errors) expect(detail).toMatch(/^(is|must) /);
  });

  test.for([
    ["no JSON", "name=Acme"],
    ["cut off", '{"name":"Acme"'],
    ["empty", ""],
    ["missing", null],
  ] as const)("%s", async ([, text]) => {
    expect.hasAssertions();
    expectProblem(await call(create, { body: text }), "invalid-json");
  });

  test("bytes that are no UTF-8", async () => {
    expect.hasAssertions();
    const bytes = Buffer.from([0x22, 0xff, 0xfe, 0x22]).toString("base64");
    expectProblem(await call(create, { body: bytes, isBase64Encoded: true }), "invalid-json");
  });

  test("over 64 kB, counted in bytes and before it is parsed", async () => {
    expect.hasAssertions();
    const filler = (bytes: number) => `"${"é".repeat((bytes - 2) / 2)}"`;
    expectProblem(await call(create, { body: filler(65_538) }), "body-too-large");
    expectProblem(await call(create, { body: filler(65_536) }), "invalid-request");
    expectProblem(await call(create, { body: "x".repeat(65_537) }), "body-too-large");
  });
});

describe("parameters that are refused", () => {
  test.for<[why: string, query: Record<string, string[]>, pointer: string]>([
    ["unknown", { colour: ["red"] }, "query:colour"],
    ["prototype", Object.fromEntries([["__proto__", ["x"]]]), "query:__proto__"],
    ["given twice", { limit: ["1", "2"] }, "query:limit"],
    ["limit no number", { limit: ["ten"] }, "query:limit"],
    ["limit zero", { limit: ["0"] }, "query:limit"],
    ["limit negative", { limit: ["-1"] }, "query:limit"],
    ["limit above 100", { limit: ["101"] }, "query:limit"],
    ["limit in another notation", { limit: ["1e1"] }, "query:limit"],
    ["status unknown", { status: ["gone"] }, "query:status"],
    ["tier empty", { tier: [""] }, "query:tier"],
    ["cursor too long", { cursor: ["c".repeat(513)] }, "query:cursor"],
  ])("%s", async ([, query, pointer]) => {
    const answer = await call(list, { multiValueQueryStringParameters: query });
    expectProblem(answer, "invalid-request");
    expect(answer.body).toMatchObject({ errors: [{ pointer }] });
  });

  test("an id that is none is not found, which is no 400", async () => {
    expect.hasAssertions();
    expectProblem(await call(get, { pathParameters: { tenant_id: "acme" } }), "tenant-not-found");
  });
});

describe("errors", () => {
  test("of ours say nothing to the caller and everything to the log", async () => {
    const broken = http(operations.getHealth, () => {
      throw new Error("password=hunter2", { cause: new Error("inner") });
    });
    const answer = await call(broken, {});
    expectProblem(answer, "internal-error");
    expect(answer.text).not.toMatch(/hunter2|inner|\.ts/);
    expect(JSON.parse(lines.join(""))).toMatchObject({
      level: "error",
      request_id: "req-1",
      operation: "getHealth",
      status: 500,
      error: { message: "password=hunter2", cause: { message: "inner" } },
    });
  });

  test("include a response that breaks the contract, which does not go out", async () => {
    const leaking = http(operations.getHealth, () => ({ body: { status: "ok" as const, secret: "hunter2" } }));
    const answer = await call(leaking, {});
    expectProblem(answer, "internal-error");
    expect(answer.text).not.toContain("hunter2");
  });

  test("that will pass tell when to try again", async () => {
    const busy = http(operations.getHealth, () => {
      throw new Problem("unavailable", "Later.");
    });
    expect((await call(busy, {})).headers).toMatchObject({ "retry-after": "1" });
  });

  test("include a caller whom no authorizer has named", async () => {
    const answer = await call(create, { body: seed, authorizer: {} });
    expectProblem(answer, "unauthenticated");
    expect(answer.headers).toMatchObject({ "www-authenticate": "Bearer" });
  });
});

test("any body and any query get an answer that is no 500", async () => {
  const names = fc.oneof(
    fc.string(),
    fc.constantFrom("name", "tier", "config", "owner", "limit", "cursor", "__proto__"),
  );
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.dictionary(names, fc.anything()).map((value) => JSON.stringify(value)),
  );
  const queries = fc.dictionary(names, fc.array(fc.string(), { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(bodies, queries, async (body, query) => {
      expect((await call(create, { body: body ?? null })).status).toBeLessThan(500);
      expect((await call(list, { multiValueQueryStringParameters: query })).status).toBeLessThan(500);
    }),
  );
});

test("each request leaves one line with what finds it again, and no secrets", async () => {
  await call(create, { body: seed, headers: { Authorization: "Bearer secret.token.here" } });
  await call(get, { path: `/admin/tenants/${tenantId}`, pathParameters: { tenant_id: tenantId } });
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(entries).toMatchObject([
    {
      message: "request",
      request_id: "req-1",
      operation: "createTenant",
      tenant_id: tenantId,
      actor: "user",
      status: 202,
    },
    { message: "request", operation: "getTenant", tenant_id: tenantId, status: 404 },
  ]);
  expect(entries[1]?.["problem"]).toContain("tenant-not-found");
  for (const entry of entries) expect(entry["duration_ms"]).toEqual(expect.any(Number));
  expect(lines.join("")).not.toContain("secret.token");
});

describe("an Idempotency-Key", () => {
  const keyed = (key: string, authorizer: Record<string, unknown>) =>
    call(create, { body: seed, multiValueHeaders: { "Idempotency-Key": [key] }, authorizer });

  test("is the caller's in one organisation, for one operation", async () => {
    asked.length = 0;
    const claims = { sub: "sub-1", permissions: permissions.join(" ") };
    await keyed("k", { ...claims, org_id: platformOrg });
    await keyed("k", { ...claims, org_id: tenantId });
    expect(asked).toMatchObject([
      { caller: `${platformOrg}#sub-1`, operation: "createTenant", key: "k", remainingMilliseconds: 5000 },
      { caller: `${tenantId}#sub-1`, operation: "createTenant", key: "k" },
    ]);
    expect(asked[0]?.payload).toMatchObject({ params: {}, query: {}, body: { name: "Acme Corp" } });
  });

  test("is every POST's: no other edge takes one, and none that is open to all", () => {
    const handlers: unknown[] = [];
    // @ts-expect-error -- a POST is answered by httpPost
    handlers.push(http(operations.createTenant, ({ body }) => ({ body: { tenant: tenantOf(body), operation } })));
    // @ts-expect-error -- without a place for keys
    handlers.push(httpPost(operations.createTenant, ({ body }) => ({ body: { tenant: tenantOf(body), operation } })));
    const open = { ...operations.createTenant, permission: null };
    // @ts-expect-error -- everybody would share their answers
    handlers.push(httpPost(open, ({ body }) => ({ body: { tenant: tenantOf(body), operation } }), keeping));
    expect(handlers, "the type check judges them").toHaveLength(3);
  });
});

test("what a hard quota refuses must ask for quotas before anything else, and nothing else asks", async () => {
  const handle = () => ({ body: { items: [], next_cursor: null } });
  expect(() => http(operations.listOperations, handle)).toThrow("listOperations is refused by quotas");
  const refusing = async () => {
    throw new Problem("quota-exceeded", "Used up.", { resetsAt: "2026-12-01T00:00:00.000Z" });
  };
  const wrong = { multiValueQueryStringParameters: { limit: ["all"] } };
  expect((await call(http(operations.listOperations, handle, refusing), wrong)).status).toBe(429);
  expect(
    (
      await call(
        http(operations.listOperations, handle, async () => undefined),
        wrong,
      )
    ).status,
  ).toBe(400);
  expect((await call(http(operations.listUsers, handle, refusing), {})).status).toBe(200);
});
