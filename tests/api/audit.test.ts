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

test("staff read all tenants' trails, an owner the own one, and staff have none of their own", async () => {
  const ofAll = await all("/admin/audit", admin);
  expect(new Set(ofAll.map(({ tenant_id }) => tenant_id))).toEqual(expect.objectContaining(new Set([a.id, b.id])));
  expect(await all("/api/audit", a.token)).toEqual(await linked(a.id));
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
  const items = await linked(a.id);
  await checkpoint();

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
  const rest = items.filter(({ chain }) => chain?.seq !== items.length);
  const cut = verify("--entries", write("cut.jsonl", rest), ...more);
  expect(cut.text).toMatch(/BROKEN: checkpoint \d+ states a link that is missing/);
});

test("what cannot be verified is said in a line", () => {
  writeFileSync(join(folder, "none.jsonl"), "");
  expect(verify("--entries", join(folder, "none.jsonl")).text).toMatch(/has no entries/);
  writeFileSync(join(folder, "bad.jsonl"), "{}\n");
  expect(verify("--entries", join(folder, "bad.jsonl")).text).toMatch(/Line 1 .* is no audit entry/);
});
