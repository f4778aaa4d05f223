import { randomUUID } from "node:crypto";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { beforeAll, expect, test } from "vitest";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

// What the deployed API answers to whoever accepts something else than JSON.

let token: string;
let tenant: string;
const from = new Date(Date.now() - 86_400_000).toISOString();
const to = new Date(Date.now() + 3_600_000).toISOString();

beforeAll(async () => {
  token = await signIn(ready());
  const { operation } = await onboard(ready(), token, { name: `Format ${randomUUID()}`, tier: "standard" });
  tenant = operation.tenant_id as string;
  const kinesis = new KinesisClient(operator(ready()));
  const event = { tenant_id: tenant, metric: "compute_hours", value: 2.25, timestamp: new Date().toISOString() };
  await kinesis.send(
    new PutRecordCommand({
      StreamName: ready().usage_stream,
      PartitionKey: tenant,
      Data: Buffer.from(JSON.stringify(event)),
    }),
  );
  kinesis.destroy();
  await poll(
    () => get("usage", "application/json", "&window=month"),
    ({ text }) => text.includes('"2.25"'),
  );
});

const get = (what: string, accept: string, more = "") =>
  send(ready(), "GET", `/admin/tenants/${tenant}/${what}?metric=compute_hours&from=${from}&to=${to}${more}`, {
    token,
    headers: { accept },
  });

test("usage is CSV or JSON lines for whoever accepts that, and a problem for whoever accepts nothing of it", async () => {
  const csv = await get("usage", "text/csv", "&window=month");
  expect([csv.status, csv.headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"]);
  const [header, ...rows] = csv.text.trimEnd().split("\r\n");
  expect(header).toBe("tenant_id,metric,window,start,end,value,unit,count,final,as_of");
  expect(rows.some((row) => row.startsWith(`${tenant},compute_hours,month,`) && row.includes(",2.25,hour,1,"))).toBe(
    true,
  );
  const lines = await get("usage", "application/x-ndjson", "&window=hour");
  const values = lines.text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { value: string }).value);
  expect(values.filter((value) => value !== "0")).toEqual(["2.25"]);
  const none = await get("usage", "application/pdf", "&window=hour");
  expect([none.status, none.body.type]).toEqual([406, "/problems/not-acceptable"]);
});

test("all tenants' usage is CSV page by page", async () => {
  const path = `/admin/usage?metric=compute_hours&from=${from}&to=${to}&window=month&limit=1`;
  const first = await send(ready(), "GET", path, { token, headers: { accept: "text/csv" } });
  expect(first.status, first.text).toBe(200);
  const [, next] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "") ?? [];
  if (next === undefined) return; // the only tenant there is
  const second = await fetch(new URL(next, `${ready().api_url}/admin/usage`), {
    headers: { accept: "text/csv", authorization: `Bearer ${token}` },
  });
  expect(second.status).toBe(200);
  expect((await second.text()).split(",")[0]).toBe("tenant_id");
});

test("the chart is an SVG that says what it shows", async () => {
  const svg = await get("usage.svg", "*/*");
  expect([svg.status, svg.headers.get("content-type")]).toEqual([200, "image/svg+xml"]);
  expect(svg.text).toMatch(/^<svg .*<title id="usage-title">compute_hours by day, in hours<\/title>/);
  expect(svg.text).toContain("2.25 hours in all");
  const long = `/admin/tenants/${tenant}/usage.svg?metric=compute_hours&from=2026-01-01&to=2026-12-31`;
  const refused = await send(ready(), "GET", long, { token });
  expect([refused.status, refused.body.type]).toEqual([400, "/problems/invalid-usage-window"]);
});
