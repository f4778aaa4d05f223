import { dynamoApiKeys, newSecret } from "@tenantry/aws/api-keys";
import { dynamoMakings } from "@tenantry/aws/makings";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { createControlTable, type Engine, startDynamo } from "@tenantry/aws/testing/dynamo-engine";
import { stubSettings } from "@tenantry/aws/testing/stub-settings";
import { permissionsOf } from "@tenantry/core/access/policy";
import { createApiKey } from "@tenantry/core/key/verbs";
import { newOnboarding } from "@tenantry/core/operation/begin";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { leaksOf, type Party } from "../fuzz/oracle.ts";
import { type Cut, variantOf } from "../support/variant.ts";

// The cross-tenant fuzz says "no leak". Here functions of the product run with one guard taken out, on a real table, and
// the fuzz's judgement of their answers must be another.

const table = "control";
const at = "2026-11-20T13:45:12.123Z";
const [mine, theirs] = [newId("tenant"), newId("tenant")];
let engine: Engine;
let operationId: string;

beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, table);
  stubSettings(engine, table);
  const operation = newOnboarding(newId("operation"), theirs, at);
  operationId = operation.id;
  const audit = {
    id: newId("audit"),
    at,
    actor: "u",
    action: "tenant.register",
    tenant_id: theirs,
    request_id: "r",
    source_ip: null,
    before: null,
    after: null,
  } as const;
  await dynamoRegistry(engine.documents, table).register(
    {
      id: theirs,
      slug: "theirs",
      name: "Theirs",
      tier: "standard",
      status: "provisioning",
      config: { region: "us-east-1", features: [] },
      owner: { email: "owner@theirs.example" },
      resources: {},
      created_at: at,
      updated_at: at,
    },
    operation,
    { audit, events: [] },
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine.stop();
});
let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, "write").mockImplementation((line) => lines.push(String(line)) > 0);
  return () => void vi.restoreAllMocks();
});

type Handler = (event: APIGatewayProxyEvent, context: object) => Promise<APIGatewayProxyResult>;
type Functions = { readonly getOperation: Handler; readonly revokeApiKey: Handler };
const entry = `
export { handler as getOperation } from "./api/get-operation.ts";
export { handler as revokeApiKey } from "./api/revoke-api-key.ts";`;

/** Asks for things of the other tenant's, as an owner, and returns what the fuzz would say. */
const verdicts = async (cut?: Cut): Promise<string[]> => {
  const made = await createApiKey({
    keys: dynamoApiKeys(engine.documents, table),
    makings: dynamoMakings(engine.documents, table),
    newSecret,
    clock: () => new Date(),
    newId,
  })(
    { actor: { id: "them", orgId: theirs, permissions: new Set(permissionsOf(["tenant-owner"])) }, requestId: "r" },
    { name: "Theirs alone", scopes: ["usage:read"] },
  );
  const foreign: Party = {
    id: theirs,
    ids: [theirs, operationId, made.id],
    marks: [theirs, operationId, made.id, "Theirs alone"],
  };
  const functions = await variantOf<Functions>(entry, cut);
  const asked = [
    {
      run: functions.getOperation,
      method: "GET",
      path: `/admin/operations/${operationId}`,
      resource: "/admin/operations/{operation_id}",
      params: { operation_id: operationId },
    },
    {
      run: functions.revokeApiKey,
      method: "DELETE",
      path: `/api/api-keys/${made.id}`,
      resource: "/api/api-keys/{key_id}",
      params: { key_id: made.id },
    },
  ];
  const found: string[] = [];
  for (const { run, method, path, resource, params } of asked) {
    const event = {
      httpMethod: method,
      path,
      headers: {},
      multiValueHeaders: {},
      pathParameters: params,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      body: null,
      isBase64Encoded: false,
      resource,
      requestContext: {
        path,
        stage: "dev",
        requestId: "r",
        identity: { sourceIp: "203.0.113.7" },
        authorizer: {
          sub: "me",
          email: "",
          org_id: mine,
          permissions: permissionsOf(["tenant-owner"]).join(" "),
          sid: "s",
        },
      },
    } as unknown as APIGatewayProxyEvent;
    const { statusCode, body, headers = {} } = await run(event, { getRemainingTimeInMillis: () => 5000 });
    const answer = {
      status: statusCode,
      text: body,
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as const),
    };
    found.push(...leaksOf({ who: "me", method, path, headers: {}, body: undefined }, answer, foreign));
  }
  return found;
};

describe("the judgement of the cross-tenant fuzz", () => {
  test("is that nothing leaks while the guards stand", async () =>
    expect(await verdicts(), lines.join("")).toEqual([]));

  test.for<[what: string, cut: Cut, found: RegExp]>([
    [
      "whom a caller may know of",
      { file: "packages/core/src/access/authorise.ts", from: "ctx.actor.orgId === platformOrg || (", to: "true || (" },
      /GET \/admin\/operations\/\S+ shows ten_/,
    ],
    [
      "whose operation it is",
      {
        file: "packages/core/src/operation/load.ts",
        from: "operation === null || !reaches(ctx, operation.tenant_id)",
        to: "operation === null",
      },
      /GET \/admin\/operations\/\S+ answers 200/,
    ],
    [
      "whose key it is",
      {
        file: "packages/aws/src/api-keys.ts",
        from: 'Item === undefined || Item["tenant_id"] !== tenantId',
        to: "Item === undefined",
      },
      /DELETE \/api\/api-keys\/\S+ answers 200/,
    ],
  ])("is another without the guard of %s", async ([, cut, found]) =>
    expect((await verdicts(cut)).join("\n")).toMatch(found),
  );
});

describe("one answer of each kind that must not be", () => {
  const foreign: Party = { id: "ten_B", ids: ["ten_B", "op_B"], marks: ["ten_B", "op_B", "owner@b.example"] };
  const judge = (asked: object, told: object) =>
    leaksOf(
      { who: "A", method: "GET", path: "/api/users", headers: {}, body: undefined, ...asked },
      { status: 404, text: "", headers: [], ...told },
      foreign,
    );

  test.for<[what: string, asked: object, told: object]>([
    ["a mail in a body", {}, { status: 200, text: '{"email":"owner@b.example"}' }],
    ["an id in a header", {}, { headers: [["location", "/admin/operations/op_B"]] }],
    ["an id in an error", { path: "/api/users/x" }, { text: '{"detail":"ten_B has no user x."}' }],
    ["another id than the one asked for", { path: "/admin/operations/op_B" }, { text: "op_B is ten_B's" }],
    ["a success on another's thing", { path: "/admin/operations/op_B" }, { status: 204 }],
    ["a breakdown", {}, { status: 500 }],
  ])("%s is a leak", ([, asked, told]) => expect(judge(asked, told)).toHaveLength(1));

  test.for<[what: string, asked: object, told: object]>([
    ["an answer of one's own", {}, { status: 200, text: "ten_A" }],
    ["a refusal that repeats the path", { path: "/admin/operations/op_B" }, { text: "There is no operation op_B." }],
    ["a refusal that repeats the body", { body: { id: "ten_B" } }, { text: "There is no tenant ten_B." }],
    ["an empty list under another's filter", { path: "/admin/operations?tenant=ten_B" }, { status: 200, text: "[]" }],
  ])("%s is none", ([, asked, told]) => expect(judge(asked, told)).toEqual([]));
});
