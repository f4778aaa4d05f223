import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { AuditRecord } from "@tenantry/core/audit/audit";
import { type Graph, type GraphResource, ofType } from "@tenantry/local-cloud/deploy/graph";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { root, temporaryFolder } from "../support/app.ts";
import { ask, askJson } from "../support/aws.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// The trail of two tenants, its chain, its checkpoints and their verification offline.

const turn = Date.now().toString(36);
let admin: string;
let a: { readonly id: string; readonly token: string };
let b: { readonly id: string };
let graph: Graph;
let folder: string;

beforeAll(async () => {
  admin = await signIn(ready());
  graph = JSON.parse(readFileSync(join(ready().data, "deploy/graph.json"), "utf8")) as Graph;
  folder = temporaryFolder();
  const [first, second] = await Promise.all([
    aTenantWithOwner(ready(), admin, `Audited A ${turn}`, "standard"),
    aTenantWithOwner(ready(), admin, `Audited B ${turn}`, "standard"),
  ]);
  a = { id: first.id, token: await acceptInvitation(ready(), first.email, ready().client_id) };
  b = second;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const one = (type: string, matches: (resource: GraphResource) => boolean): GraphResource => {
  const [found, ...more] = ofType(graph, type).filter(matches);
  if (found === undefined || more.length > 0) throw new Error(`There is not one ${type}.`);
  return found;
};

/** Every entry that a list gives, page by page. */
const all = async (path: string, token: string, limit = 100): Promise<AuditRecord[]> => {
  const items: AuditRecord[] = [];
  let cursor: string | null = null;
  do {
    const separator = path.includes("?") ? "&" : "?";
    const rest = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body, text } = await send(ready(), "GET", `${path}${separator}limit=${limit}${rest}`, { token });
    if (status !== 200) throw new Error(`${status} ${text}`);
    items.push(...(body.items as AuditRecord[]));
    cursor = body.next_cursor as string | null;
  } while (cursor !== null);
  return items;
};

const linked = (tenant: string) =>
  poll(
    () => all(`/admin/audit?tenant=${tenant}`, admin),
    (items) => items.length > 0 && items.every(({ chain }) => chain !== null),
  );

/** Links in their order. Entries written at the same moment may be linked in another order than they are listed in. */
const sequence = (items: readonly AuditRecord[]) => items.map(({ chain }) => chain?.seq ?? 0).toSorted((x, y) => x - y);

test("what was done is in the trail, linked without a gap", async () => {
  const items = await linked(a.id);
  expect(items.map(({ action }) => action)).toEqual(expect.arrayContaining(["tenant.register", "tenant.activate"]));
  expect(sequence(items)).toEqual(items.map((_, at) => at + 1));
  expect(items.every((entry) => entry.tenant_id === a.id)).toBe(true);
  const registered = items.find(({ action }) => action === "tenant.register");
  expect(registered).toMatchObject({ source_ip: "127.0.0.1", request_id: expect.any(String), before: null });
});

test("many changes at once are linked one after the other", async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, () =>
      send(ready(), "POST", `/admin/tenants/${a.id}/storage-credentials`, { token: admin, body: {} }),
    ),
  );
  expect(made.map(({ status }) => status)).toEqual(made.map(() => 200));
  const items = await linked(a.id);
  expect(items.filter(({ action }) => action === "tenant.create-storage-credentials")).toHaveLength(20);
  expect(sequence(items)).toEqual(items.map((_, at) => at + 1));
});

test("filters and pages", async () => {
  const everything = await linked(a.id);
  const path = `/admin/audit?tenant=${a.id}`;
  expect(await all(path, admin, 1)).toEqual(everything);
  const action = "tenant.create-storage-credentials";
  expect(await all(`${path}&action=${action}`, admin, 7)).toEqual(everything.filter((each) => each.action === action));
  const { actor } = everything[0]!;
  expect(await all(`${path}&actor=${actor}`, admin)).toEqual(everything.filter((each) => each.actor === actor));
  const middle = everything[Math.floor(everything.length / 2)]!.at;
  const before = await all(`${path}&to=${encodeURIComponent(middle)}`, admin);
  const after = await all(`${path}&from=${encodeURIComponent(middle)}`, admin);
  expect(before.length).toBeGreaterThan(0);
  expect([...after, ...before]).toEqual(everything);
});

test("an entry says on what it was done, how it ended, and by which program", async () => {
  const made = await send(ready(), "POST", "/api/api-keys", {
    token: a.token,
    body: { name: "looker", scopes: ["usage:read"] },
    headers: { "user-agent": "=looker/1" },
  });
  expect(made.status).toBe(201);
  await send(ready(), "DELETE", `/api/api-keys/${made.body.id}`, { token: a.token });
  const items = await all("/api/audit?result=done", a.token);
  const every = await all("/api/audit", a.token);
  expect(items.map(({ id }) => id)).toEqual(every.filter(({ result }) => result !== "denied").map(({ id }) => id));
  expect(items.find(({ action }) => action === "api-key.revoke")).toMatchObject({
    target: `DELETE /api/api-keys/${made.body.id}`,
    result: "done",
    on_behalf_of: null,
    before: { name: "looker" },
  });
  expect(items.find(({ action }) => action === "api-key.create")).toMatchObject({ user_agent: "=looker/1" });
});

test("what is denied is in the trail of who asked, the first of a minute at once", async () => {
  const foreign = `/admin/tenants/${b.id}/usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day`;
  const path = "/admin/plans";
  // Of a flood by one user on one permission there are two entries a minute, whatever the flood.
  const flood = await Promise.all(Array.from({ length: 40 }, () => send(ready(), "GET", path, { token: a.token })));
  expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([403]));
  expect((await send(ready(), "GET", foreign, { token: a.token })).status).toBe(404);
  expect((await send(ready(), "POST", "/api/storage-credentials", { token: admin, body: {} })).status).toBe(403);

  const denied = (token: string, list = "/api/audit") => all(`${list}?result=denied`, token);
  const first = await poll(
    () => denied(a.token),
    (items) =>
      ["usage:read", "plans:read"].every((name) =>
        items.some(({ after }) => (after as { permission: string }).permission === name),
      ),
  );
  const actor = first[0]?.actor;
  const common = { action: "access.deny", actor, tenant_id: a.id, source_ip: "127.0.0.1", user_agent: "node" };
  const which = (permission: string, status: number) => expect.objectContaining({ permission, status });
  expect(first).toContainEqual(
    expect.objectContaining({
      ...common,
      target: "GET /admin/tenants/{tenant_id}/usage",
      after: which("usage:read", 404),
      request_id: expect.stringMatching(/./),
    }),
  );
  expect(first).toContainEqual(
    expect.objectContaining({ ...common, target: "GET /admin/plans", after: which("plans:read", 403) }),
  );
  // Those of the platform's staff are in the platform's, and nobody else's tenant hears of whoever asked for it.
  const ofStaff = ({ target, tenant_id }: AuditRecord) =>
    target === "POST /api/storage-credentials" && tenant_id === "org_platform";
  const platform = await poll(
    () => denied(admin, "/admin/audit"),
    (items) => items.some(ofStaff),
  );
  expect(platform.some(ofStaff)).toBe(true);
  expect(platform.filter(({ tenant_id }) => tenant_id === b.id)).toEqual([]);

  // More of the same minute wait for its end.
  for (let more = 0; more < 3; more++) await send(ready(), "GET", path, { token: a.token });
});

test("is exported as CSV, harmless to spreadsheets, and as JSON lines that verify", async () => {
  const items = await linked(a.id);
  // The rest of what was denied may be told in between.
  const to = `to=${encodeURIComponent(new Date().toISOString())}`;
  const as = (accept: string, token: string, path = `/api/audit?limit=100&${to}`) =>
    send(ready(), "GET", path, { token, headers: { accept } });
  const csv = await as("text/csv", a.token);
  expect(csv.headers.get("content-type")).toMatch(/^text\/csv/);
  const [header, ...rows] = csv.text.trim().split("\r\n");
  expect(header).toBe(
    "id,at,tenant_id,actor,on_behalf_of,reason,action,result,target,request_id,source_ip,user_agent,before,after,seq,hash",
  );
  expect(rows.map((row) => row.split(",")[0])).toEqual(items.map(({ id }) => id));
  const created = items.find(({ action }) => action === "api-key.create");
  const row = rows.find((line) => line.startsWith(`${created?.id},`));
  expect(row).toContain(`,api-key.create,done,POST /api/api-keys,${created?.request_id},127.0.0.1,'=looker/1,,`);
  expect(row).toMatch(new RegExp(`,${created?.chain?.seq},${created?.chain?.hash}$`));
  const page = await as("application/x-ndjson", admin, `/admin/audit?tenant=${a.id}&limit=3`);
  expect(page.headers.get("link")).toMatch(/rel="next"/);
  expect(page.text.trim().split("\n")).toHaveLength(3);
  const lines = await as("application/jsonl", admin, `/admin/audit?tenant=${a.id}&limit=100&${to}`);
  writeFileSync(join(folder, "export.jsonl"), lines.text);
  expect(verify("--entries", join(folder, "export.jsonl"))).toEqual({
    status: 0,
    text: `${a.id}: whole (${items.length} links, 0 checkpoints)\n`,
  });
  // Who acted for whom, and how it ended, are part of what is hashed.
  for (const change of [
    { result: "denied" },
    { target: "GET /" },
    { user_agent: "other" },
    { on_behalf_of: { user_id: "u", impersonation_id: "imp_1", reason: "none" } },
  ]) {
    const forged = items.map((each) => (each.chain?.seq === 2 ? { ...each, ...change } : each));
    writeFileSync(join(folder, "forged.jsonl"), forged.map((each) => JSON.stringify(each)).join("\n"));
    expect(verify("--entries", join(folder, "forged.jsonl")).text).toMatch(/BROKEN: link 2 /);
  }
});

test("staff read all tenants' trails, an owner the own one, and staff have none of their own", async () => {
  const ofAll = await all("/admin/audit", admin);
  expect(new Set(ofAll.map(({ tenant_id }) => tenant_id))).toEqual(expect.objectContaining(new Set([a.id, b.id])));
  const own = await linked(a.id);
  const to = encodeURIComponent(new Date().toISOString());
  expect(await all(`/api/audit?to=${to}`, a.token)).toEqual(own);
  expect((await send(ready(), "GET", `/api/audit?tenant=${b.id}`, { token: a.token })).status).toBe(400);
  expect((await send(ready(), "GET", `/admin/audit?tenant=${b.id}`, { token: a.token })).status).toBe(403);
  expect((await send(ready(), "GET", "/api/audit", { token: admin })).status).toBe(403);
});

/** Runs the schedule's function now. */
const checkpoint = async (): Promise<void> => {
  const fn = one("aws:lambda/function:Function", ({ inputs }) => inputs["handler"] === "checkpoint-audit.handler");
  await ask(ready(), "lambda", `/2015-03-31/functions/${fn.outputs["name"] ?? fn.id}/invocations`, { method: "POST" });
};

const verify = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(
    join(root, "node_modules/.bin/node"),
    [join(root, "scripts/audit-verify.ts"), ...args],
    { encoding: "utf8", env: { PATH: process.env["PATH"] } },
  );
  return { status, text: stdout + stderr };
};

test("a chain is verified offline with its checkpoints, and the first broken link named", async () => {
  await checkpoint();
  // What comes after the checkpoint, as a denial of before may, is in the chain too.
  const items = await linked(a.id);

  const s3 = new S3Client(operator(ready()));
  const bucket = one("aws:s3/bucket:Bucket", ({ name }) => name.startsWith("AuditCheckpoints"));
  const Bucket = String(bucket.outputs["bucket"]);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `checkpoints/${a.id}/` }));
  expect(Contents.length).toBeGreaterThan(0);
  mkdirSync(join(folder, "checkpoints"));
  for (const { Key = "" } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    writeFileSync(join(folder, "checkpoints", Key.replaceAll("/", "-")), (await Body?.transformToString()) ?? "");
  }
  const key = one("aws:kms/key:Key", ({ name }) => name === "AuditKey");
  const { PublicKey } = await askJson(ready(), "kms", "TrentService.GetPublicKey", { KeyId: key.outputs["arn"] });
  const pem = createPublicKey({ key: Buffer.from(String(PublicKey), "base64"), type: "spki", format: "der" });
  writeFileSync(join(folder, "key.pem"), pem.export({ type: "spki", format: "pem" }));

  const write = (name: string, records: readonly AuditRecord[]): string => {
    writeFileSync(join(folder, name), records.map((record) => JSON.stringify(record)).join("\n"));
    return join(folder, name);
  };
  const more = ["--checkpoints", join(folder, "checkpoints"), "--key", join(folder, "key.pem")];
  const whole = verify("--entries", write("whole.jsonl", items), ...more);
  expect(whole).toEqual({
    status: 0,
    text: `${a.id}: whole (${items.length} links, ${Contents.length} checkpoints)\n`,
  });

  const changed = items.map((each) => (each.chain?.seq === 2 ? { ...each, actor: "nobody" } : each));
  const broken = verify("--entries", write("changed.jsonl", changed), ...more);
  expect(broken.status).toBe(1);
  expect(broken.text).toMatch(/BROKEN: link 2 \(aud_\w+\) was changed/);
  const rest = items.filter(({ chain }) => (chain?.seq ?? 0) <= 2);
  const cut = verify("--entries", write("cut.jsonl", rest), ...more);
  expect(cut.text).toMatch(/BROKEN: checkpoint \d+ states a link that is missing/);
});

test("what cannot be verified is said in a line", () => {
  writeFileSync(join(folder, "none.jsonl"), "");
  expect(verify("--entries", join(folder, "none.jsonl")).text).toMatch(/has no entries/);
  writeFileSync(join(folder, "bad.jsonl"), "{}\n");
  expect(verify("--entries", join(folder, "bad.jsonl")).text).toMatch(/Line 1 .* is no audit entry/);
});

test("the rest of what was denied is told by its count, once the minute is over", async () => {
  const plans = async () =>
    (await all("/api/audit?result=denied", a.token)).filter(({ target }) => target === "GET /admin/plans");
  const counted = (items: readonly AuditRecord[]) =>
    items.reduce((sum, { after }) => sum + (after as { count: number }).count, 0);
  const settled = await poll(plans, (items) => counted(items) >= 43);
  expect(counted(settled)).toBe(43);
  // At most two for each of the minutes that they were asked in.
  expect(settled.length).toBeLessThanOrEqual(4);
});
