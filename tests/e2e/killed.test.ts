import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { hasEnded, onboard, poll, send, signIn } from "../support/api.ts";
import { type Ready, startApp, temporaryFolder } from "../support/app.ts";
import { ask } from "../support/aws.ts";
import { impatient } from "../support/crash/stage.ts";
import { inventoryOf } from "../support/inventory.ts";

const data = temporaryFolder();
afterAll(() => rmSync(data, { recursive: true, force: true }));

const owner = "owner@killed.example";
const known = (tenant: { id: string; slug: string }) => ({ id: tenant.id, slug: tenant.slug, owner });

/** How the operation stands once it has ended. */
const ended = async (ready: Ready, token: string, operation: string) => {
  const look = async () => (await send(ready, "GET", `/admin/operations/${operation}`, { token })).body;
  return poll(look, (body) => hasEnded(body?.status ?? ""), 150_000);
};

test("npm start killed with -9 in the middle of an onboarding settles it when it starts again", async () => {
  impatient();
  const first = await startApp(data);
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
    60_000,
  );
  expect(there).toContain("database tenant_<slug>");
  first.child.kill("SIGKILL");
  await first.ended;

  const second = await startApp(data);
  try {
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
  } finally {
    expect(await second.stop()).toBe(0);
  }
}, 400_000);
