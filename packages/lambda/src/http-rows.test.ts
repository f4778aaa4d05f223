import { operations } from "@tenantry/contract/operations";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from "aws-lambda";
import { parse } from "csv-parse/sync";
import { describe, expect, test, vi } from "vitest";
import { http } from "./http.ts";

vi.spyOn(console, "log").mockImplementation(() => undefined);
vi.spyOn(process.stdout, "write").mockImplementation(() => true);

const tenantId = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";
const asOf = "2026-11-20T13:45:12.123Z";
const bucket = (day: number, value: string, count: number) => ({
  start: `2026-11-${day}T00:00:00.000Z`,
  end: `2026-11-${day + 1}T00:00:00.000Z`,
  value,
  count,
  final: day < 19,
});
const usage = { tenant_id: tenantId, metric: "api_calls", unit: "call", window: "day" as const, as_of: asOf };
const plain = { ...usage, buckets: [bucket(18, "1204.5", 3), bucket(19, "-0.000001", 1)] };
const grouped = {
  ...usage,
  groups: [
    { dimensions: { route: '=HYPERLINK("x","y")' }, buckets: [bucket(18, "1", 1)] },
    { dimensions: { route: 'a, "b"\nc', region: "eu" }, buckets: [bucket(18, "2", 2)] },
  ],
};

type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
const ask = async (handler: unknown, accept: string | undefined, resource: string) => {
  const query = { metric: ["api_calls"], from: ["2026-11-18"], to: ["2026-11-20"], window: ["day"] };
  const event = {
    resource,
    path: resource.replace("{tenant_id}", tenantId),
    httpMethod: "GET",
    headers: {},
    multiValueHeaders: accept === undefined ? {} : { ACCEPT: [accept] },
    multiValueQueryStringParameters: query,
    pathParameters: resource.includes("{") ? { tenant_id: tenantId } : null,
    body: null,
    requestContext: {
      requestId: "req-1",
      path: resource,
      authorizer: { sub: "user", email: "a@b.example", org_id: platformOrg, permissions: permissions.join(" ") },
      identity: { sourceIp: "192.0.2.1" },
    },
  } as unknown as APIGatewayProxyEvent;
  const { statusCode, headers = {}, body } = await (handler as Handler)(event, {} as Context);
  return { status: statusCode, type: headers["content-type"], headers, body };
};
const asked = (body: typeof plain | typeof grouped, accept?: string) =>
  ask(
    http(operations.getTenantUsage, () => ({ body })),
    accept,
    "/admin/tenants/{tenant_id}/usage",
  );

describe("usage", () => {
  test.for<[string | undefined, string]>([
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/html, application/xhtml+xml, */*;q=0.8", "application/json"],
    ["text/csv", "text/csv; charset=utf-8"],
    ["application/json;q=0.5, text/csv", "text/csv; charset=utf-8"],
    ["text/*", "text/csv; charset=utf-8"],
    ["application/x-ndjson", "application/x-ndjson; charset=utf-8"],
    ["application/jsonl", "application/jsonl; charset=utf-8"],
  ])("with Accept %s is %s", async ([accept, type]) => {
    const answer = await asked(plain, accept);
    expect([answer.status, answer.type, answer.headers["vary"]]).toEqual([200, type, "accept"]);
  });

  test.for(["application/pdf", "text/csv;q=0", "nonsense"])("with Accept %s is a 406", async (accept) => {
    const answer = await asked(plain, accept);
    expect([answer.status, answer.type]).toEqual([406, "application/problem+json"]);
    expect(JSON.parse(answer.body)).toMatchObject({ type: "/problems/not-acceptable" });
  });

  test("as CSV has a header and a row for each bucket, its decimals as they are", async () => {
    const { body } = await asked(plain, "text/csv");
    expect(body.split("\r\n")).toEqual([
      "tenant_id,metric,window,start,end,value,unit,count,final,as_of",
      `${tenantId},api_calls,day,2026-11-18T00:00:00.000Z,2026-11-19T00:00:00.000Z,1204.5,call,3,true,${asOf}`,
      `${tenantId},api_calls,day,2026-11-19T00:00:00.000Z,2026-11-20T00:00:00.000Z,-0.000001,call,1,false,${asOf}`,
      "",
    ]);
  });

  test("by group has a column for each dimension; no text of a client's is a formula or breaks a row", async () => {
    const { body } = await asked(grouped, "text/csv");
    const rows = parse(body, { columns: true, bom: true });
    expect(rows).toMatchObject([
      { dimension_route: `'=HYPERLINK("x","y")`, dimension_region: "", value: "1" },
      { dimension_route: 'a, "b"\nc', dimension_region: "eu", value: "2" },
    ]);
  });

  test("as JSON lines is an object a line, the dimensions as they are", async () => {
    const { body } = await asked(grouped, "application/x-ndjson");
    const lines = body
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { dimensions: { route: '=HYPERLINK("x","y")' }, value: "1", count: 1, final: true },
      { dimensions: { route: 'a, "b"\nc', region: "eu" }, value: "2" },
    ]);
  });

  test("of many tenants names the next page in a header", async () => {
    const body = { items: [plain, { ...plain, tenant_id: tenantId.replace(/8$/, "9") }], next_cursor: "a+b/c=" };
    const handler = http(operations.listUsage, () => ({ body }));
    const answer = await ask(handler, "text/csv", "/admin/usage");
    expect(answer.body.trimEnd().split("\r\n")).toHaveLength(5);
    const [, next = ""] = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers["link"])) ?? [];
    const url = new URL(next, "https://api.example/prod/admin/usage?metric=api_calls");
    expect([url.pathname, url.searchParams.get("cursor")]).toEqual(["/prod/admin/usage", "a+b/c="]);
    expect(url.searchParams.get("window")).toBe("day");
    const last = http(operations.listUsage, () => ({ body: { ...body, next_cursor: null } }));
    expect((await ask(last, "text/csv", "/admin/usage")).headers["link"]).toBeUndefined();
  });
});
