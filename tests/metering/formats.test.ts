import { randomUUID } from "node:crypto";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { beforeAll, describe, expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// What the deployed API answers to whoever asks for usage, in each of its forms.

let token: string;
let tenant: string;
let owner: string;
const hourMs = 3_600_000;
const from = new Date(Date.now() - 86_400_000).toISOString();
const to = new Date(Date.now() + hourMs).toISOString();
const metric = `transfer_${randomUUID().slice(0, 8)}`;

/** Of two regions, and of three hours on at least two days. The second is of no region. */
const transfers = [
  { value: 2.25, hoursAgo: 0, region: "eu" },
  { value: 0.125, hoursAgo: 1 },
  { value: 1.5, hoursAgo: 26, region: "us" },
  { value: 0.5, hoursAgo: 26, region: "eu" },
];

beforeAll(async () => {
  token = await signIn(ready());
  const made = await aTenantWithOwner(ready(), token, `Format ${randomUUID()}`, "standard");
  tenant = made.id;
  owner = await acceptInvitation(ready(), made.email, ready().client_id);
  const definition = {
    unit: "gigabyte",
    aggregation: "sum",
    decimals: 3,
    dimensions: [{ name: "region" }],
    cardinality_limit: 5,
  };
  expect((await send(ready(), "PUT", `/admin/meters/${metric}`, { token, body: definition })).status).toBe(200);
  const kinesis = new KinesisClient(operator(ready()));
  const event = { tenant_id: tenant, metric: "compute_hours", value: 2.25, timestamp: new Date().toISOString() };
  const moved = transfers.map(({ value, hoursAgo, region }) => ({
    tenant_id: tenant,
    metric,
    value,
    timestamp: new Date(Date.now() - hoursAgo * hourMs).toISOString(),
    ...(region === undefined ? {} : { dimensions: { region } }),
  }));
  await kinesis.send(
    new PutRecordsCommand({
      StreamName: ready().usage_stream,
      Records: [...moved, event].map((each) => ({ PartitionKey: tenant, Data: Buffer.from(JSON.stringify(each)) })),
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

/** Usage by bucket, in thousandths, and who it is of. */
type Group = { dimensions?: { region?: string }; buckets: { value: string; count: number }[] };
const thousandths = (groups: readonly Group[]): Record<string, number> =>
  Object.fromEntries(
    groups.map(({ dimensions, buckets }) => [
      dimensions?.region ?? "",
      buckets.reduce((sum, { value }) => sum + Math.round(Number(value) * 1000), 0),
    ]),
  );

describe("hours, days and months of one range come to the same, in all and by group", () => {
  const range = `from=${new Date(Date.now() - 48 * hourMs).toISOString()}&to=${to}`;
  test.for([
    ["for the platform", () => [token, `/admin/tenants/${tenant}/usage`]],
    ["for the tenant itself", () => [owner, "/api/usage"]],
  ] as const)("%s", async ([, whose]) => {
    const [bearer = "", path = ""] = whose();
    for (const window of ["hour", "day", "month"]) {
      const ask = (more = "") =>
        send(ready(), "GET", `${path}?metric=${metric}&${range}&window=${window}${more}`, { token: bearer });
      const { body } = await ask();
      expect(body).toMatchObject({ tenant_id: tenant, metric, unit: "gigabyte", window });
      expect([window, thousandths([body])]).toEqual([window, { "": 4375 }]);
      const grouped = await ask("&group_by=region");
      expect([window, thousandths(grouped.body.groups)]).toEqual([window, { "": 125, eu: 2750, us: 1500 }]);
    }
    const csv = await send(ready(), "GET", `${path}?metric=${metric}&${range}&window=month&group_by=region`, {
      token: bearer,
      headers: { accept: "text/csv" },
    });
    expect(csv.text.split("\r\n")[0]).toBe(
      "tenant_id,metric,window,start,end,value,unit,count,final,as_of,dimension_region",
    );
  });
});

describe("all tenants' usage", () => {
  const months = [...new Set([48, 0].map((hours) => new Date(Date.now() - hours * hourMs).toISOString().slice(0, 7)))];
  const ask = (query: string, accept = "application/json") =>
    send(ready(), "GET", `/admin/usage?metric=${metric}&window=month&${query}`, { token, headers: { accept } });

  test("of a month is whole, page by page, each tenant once, in all and by group", async () => {
    const seen: string[] = [];
    let [total, ofEu] = [0, 0];
    for (const month of months) {
      let cursor: string | null = null;
      do {
        const { status, body, text } = await ask(
          `month=${month}&limit=50&group_by=region${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        expect(status, text).toBe(200);
        for (const item of body.items as { tenant_id: string; groups: Group[] }[]) {
          seen.push(`${month} ${item.tenant_id}`);
          const used = thousandths(item.groups);
          total += Object.values(used).reduce((sum, each) => sum + each, 0);
          ofEu += used["eu"] ?? 0;
        }
        cursor = body.next_cursor as string | null;
      } while (cursor !== null);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(`${months.at(-1)} ${tenant}`);
    // The meter is this test's, so nobody else has used it.
    expect([total, ofEu]).toEqual([4375, 2750]);
  });

  test("is CSV and JSON lines too, with the next page in a header, and cursors belong to their query", async () => {
    const month = `month=${to.slice(0, 7)}`;
    const lines = await ask(`${month}&limit=1`, "application/x-ndjson");
    expect(lines.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    expect(JSON.parse(lines.text.trimEnd().split("\n")[0] ?? "")).toMatchObject({ metric, window: "month" });
    const first = await ask(`${month}&limit=1`, "text/csv");
    expect(first.status, first.text).toBe(200);
    const [, next] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "") ?? [];
    const { body } = await ask(`${month}&limit=1`);
    expect(next === undefined).toBe(body.next_cursor === null);
    if (next === undefined) return; // the only tenant there is
    const second = await fetch(new URL(next, `${ready().api_url}/admin/usage`), {
      headers: { accept: "text/csv", authorization: `Bearer ${token}` },
    });
    const [header, row] = (await second.text()).split("\r\n");
    expect([second.status, header?.split(",")[0]]).toEqual([200, "tenant_id"]);
    expect(row?.split(",")[0]).not.toBe(first.text.split("\r\n")[1]?.split(",")[0]);
    const other = await ask(`month=2026-01&limit=1&cursor=${encodeURIComponent(body.next_cursor)}`);
    expect([other.status, other.body.type]).toEqual([400, "/problems/invalid-cursor"]);
  });

  test("is not for tenants, and a month or a range that is none is a problem", async () => {
    const query = `/admin/usage?metric=${metric}&window=month&month=${to.slice(0, 7)}`;
    expect((await send(ready(), "GET", query, { token: owner })).status).toBe(403);
    for (const [wrong, pointer] of [
      ["month=2026-13", "query:month"],
      [`month=2026-11&from=${from}&to=${to}`, "query:month"],
      [`from=${from}`, "query:to"],
      ["month=2026-11&group_by=colour", "query:group_by"],
    ] as const) {
      const { status, body } = await ask(wrong);
      expect([wrong, status, body.errors?.[0]?.pointer]).toEqual([wrong, 400, pointer]);
    }
  });
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
