import { randomUUID } from "node:crypto";
import { globSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { afterAll, expect, test } from "vitest";
import { hasEnded, onboard, operator, poll, send, signIn } from "../support/api.ts";
import { processesOf, type Ready, startApp, temporaryFolder } from "../support/app.ts";
import { ask } from "../support/aws.ts";
import { impatient } from "../support/crash/stage.ts";
import { inventoryOf } from "../support/inventory.ts";

// One cloud is killed twice: its own process alone, then everything that it started too.

const data = temporaryFolder();
let app: Awaited<ReturnType<typeof startApp>>;
afterAll(async () => {
  const code = await app.stop();
  const left = processesOf(data);
  rmSync(data, { recursive: true, force: true });
  expect([code, left]).toEqual([0, []]);
});

const owner = "owner@killed.example";
const known = (tenant: { id: string; slug: string }) => ({ id: tenant.id, slug: tenant.slug, owner });

/** How the operation stands once it has ended. */
const ended = async (ready: Ready, token: string, operation: string) => {
  const look = async () => (await send(ready, "GET", `/admin/operations/${operation}`, { token })).body;
  return poll(look, (body) => hasEnded(body?.status ?? ""));
};

test("npm start killed with -9 in the middle of an onboarding settles it when it starts again", async () => {
  impatient();
  const first = (app = await startApp(data));
  let token = await signIn(first.ready);
  // Everything else stands when the namespace is being made, and there it stays until the end comes.
  const rule = { service: "kubernetes", action: "PATCH limitranges", kind: "delay", delayMs: 120_000 };
  await ask(first.ready, "faults", "/_faults", { method: "POST", body: JSON.stringify(rule) });
  const body = { name: "Killed Inc", tier: "business", owner: { email: owner } };
  const accepted = await send(first.ready, "POST", "/admin/tenants", { token, body });
  expect(accepted.status).toBe(202);
  const { tenant, operation } = accepted.body;
  const there = await poll(
    () => inventoryOf(first.ready, known(tenant)),
    (things) => things.includes("namespace tenant-<slug>"),
  );
  expect(there).toContain("database tenant_<slug>");
  first.child.kill("SIGKILL");
  await first.ended;

  const second = (app = await startApp(data));
  token = await signIn(second.ready);
  const failed = await ended(second.ready, token, operation.id);
  expect(failed).toMatchObject({ status: "failed", error: { step: "ProvisionNamespace" } });
  expect(failed.error.message).toMatch(/stopped|ended|interrupted/i);
  expect((await send(second.ready, "GET", `/admin/tenants/${tenant.id}`, { token })).body.status).toBe("failed");
  expect(await inventoryOf(second.ready, known(tenant))).toEqual([]);

  const again = await send(second.ready, "POST", `/admin/operations/${operation.id}/retry`, { token, body: {} });
  expect(again.status).toBe(202);
  expect(await ended(second.ready, token, operation.id)).toMatchObject({ status: "succeeded", attempt: 2 });
  const other = { name: "Other Inc", tier: "business", owner: { email: "owner@other.example" } };
  const clean = (await onboard(second.ready, token, other)).accepted.tenant;
  const wanted = await inventoryOf(second.ready, { ...known(clean), owner: "owner@other.example" });
  expect(wanted.length).toBeGreaterThan(20);
  expect(await inventoryOf(second.ready, known(tenant))).toEqual(wanted);
});

/** Every process that works in the folder, and nobody else's. */
const pidsOf = (folder: string): number[] =>
  globSync("/proc/[0-9]*").flatMap((home) => {
    try {
      const said = readFileSync(`${home}/cmdline`, "utf8") + readFileSync(`${home}/environ`, "utf8");
      const pid = Number(home.split("/").at(-1));
      return said.includes(folder) && pid !== process.pid ? [pid] : [];
    } catch {
      return []; // it ended while we looked
    }
  });

type Event = { readonly id: string; readonly value: number };

/** Sends a batch once. Returns those that the stream did not take, or may not have taken. */
const sendOnce = async (kinesis: KinesisClient, ready: Ready, tenant: string, events: readonly Event[]) => {
  const timestamp = new Date().toISOString();
  const Records = events.map((event) => ({
    PartitionKey: tenant,
    Data: Buffer.from(JSON.stringify({ tenant_id: tenant, metric: "compute_hours", timestamp, ...event })),
  }));
  const sent = await kinesis
    .send(new PutRecordsCommand({ StreamName: ready.usage_stream, Records }), {
      abortSignal: AbortSignal.timeout(5000),
    })
    .catch(() => undefined);
  return events.filter((_, index) => sent === undefined || sent.Records?.[index]?.ErrorCode !== undefined);
};

const usageOf = async (ready: Ready, token: string, tenant: string) => {
  const day = 86_400_000;
  const [from, to] = [-day, day].map((offset) => new Date(Date.now() + offset).toISOString());
  const path = `/admin/tenants/${tenant}/usage?metric=compute_hours&from=${from}&to=${to}&window=month`;
  const { body, text } = await send(ready, "GET", path, { token });
  if (body.buckets === undefined) throw new Error(text);
  const buckets = body.buckets as { value: string; count: number }[];
  const value = buckets.reduce((sum, bucket) => sum + Math.round(Number(bucket.value) * 1e6), 0);
  return { count: buckets.reduce((sum, bucket) => sum + bucket.count, 0), value };
};

const newBatch = () => Array.from({ length: 50 }, (_, n): Event => ({ id: randomUUID(), value: (n * 1000 + 1) / 1e6 }));

test("kill -9 of everything in the middle of a load: after the restart each event counts, once", async () => {
  const first = app;
  const admin = await signIn(first.ready);
  const { operation } = await onboard(first.ready, admin, { name: "Killed", tier: "standard" });
  const tenant = operation.tenant_id as string;

  const all: Event[] = [];
  const unsure: Event[] = [];
  const stop = new AbortController();
  const client = new KinesisClient({ ...operator(first.ready), maxAttempts: 1 });
  const load = (async () => {
    while (!stop.signal.aborted) {
      const batch = newBatch();
      all.push(...batch);
      unsure.push(...(await sendOnce(client, first.ready, tenant, batch)));
      await sleep(20);
    }
  })();
  const before = await poll(
    () => usageOf(first.ready, admin, tenant),
    ({ count }) => count > 0,
  );
  // The load goes on: consumers have counted some, hold some, and have not seen some.
  expect(before.count).toBeGreaterThan(0);
  expect(before.count).toBeLessThan(all.length);
  for (const pid of pidsOf(data)) process.kill(pid, "SIGKILL");
  stop.abort();
  await load;
  client.destroy();
  await first.ended;
  expect(pidsOf(data)).toEqual([]);

  const second = (app = await startApp(data));
  const token = await signIn(second.ready);
  const found = (await send(second.ready, "GET", `/admin/tenants/${tenant}`, { token })).body;
  expect(found).toMatchObject({ name: "Killed", status: "active" });
  const again = new KinesisClient(operator(second.ready));
  // What may not be in the stream goes again, as every producer does; and so does what certainly is.
  const more = newBatch();
  const resent = [...unsure, ...all.slice(-150), ...all.slice(0, 100), ...more];
  all.push(...more);
  for (let at = 0; at < resent.length; at += 400)
    expect(await sendOnce(again, second.ready, tenant, resent.slice(at, at + 400))).toEqual([]);
  again.destroy();

  const wanted = {
    count: all.length,
    value: all.reduce((sum, event) => sum + Math.round(event.value * 1e6), 0),
  };
  const counted = await poll(
    () => usageOf(second.ready, token, tenant),
    ({ count }) => count >= wanted.count,
  );
  expect(counted).toEqual(wanted);
  // Whatever the stream delivers again now was counted before.
  await sleep(5000);
  expect(await usageOf(second.ready, token, tenant)).toEqual(wanted);
});
