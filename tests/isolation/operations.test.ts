import { AwsClient } from "aws4fetch";
import { beforeAll, describe, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { acceptInvitation } from "../support/owners.ts";
import { ready } from "../support/ready.ts";
import { type Message, watch, type Watcher } from "../support/task-status.ts";

const run = crypto.randomUUID().slice(0, 8);
/** How long each onboarding waits before it ends, so that its owner can sign in and watch. */
const held = 15_000;

type Side = { readonly tenant: string; readonly operation: string; readonly token: string; readonly watcher: Watcher };

let admin: string;
let staff: Watcher;
let a: Side;
let b: Side;

const holdMail = async (address: string): Promise<void> => {
  const client = new AwsClient({
    accessKeyId: "test",
    secretAccessKey: "test",
    service: "faults",
    region: "us-east-1",
  });
  const rule = { service: "ses", action: "SendEmail", match: address, kind: "delay", delayMs: held, times: 1 };
  const url = new URL("/_faults", ready().aws_endpoint_url).href;
  const answer = await client.fetch(url, { method: "POST", body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(await answer.text());
};

const subscribed = (watcher: Watcher, count = 1) =>
  poll(
    async () => watcher.answers,
    (answers) => answers.length >= count,
  );

/** A tenant whose owner watches while its onboarding still runs. */
const side = async (name: string): Promise<Side> => {
  const email = `owner@${name}-${run}.example`;
  await holdMail(email);
  const body = { name: `${name} ${run}`, tier: "standard", owner: { email } };
  const accepted = await send(ready(), "POST", "/admin/tenants", { token: admin, body });
  if (accepted.status !== 202) throw new Error(accepted.text);
  const token = await acceptInvitation(ready(), email, ready().client_id);
  // Until the tenant is active its users are let in nowhere, and an authorizer may remember that for some seconds.
  const watcher = await poll(
    () => watch(ready(), token).catch(() => undefined),
    (open) => open !== undefined,
  );
  if (watcher === undefined) throw new Error(`${name}'s owner was never let in.`);
  watcher.send({ action: "subscribe" });
  await subscribed(watcher);
  return { tenant: accepted.body.tenant.id, operation: accepted.body.operation.id, token, watcher };
};

const ended = (changes: readonly Message[], operation: string): boolean =>
  changes.some((one) => one.operation_id === operation && one.step === null && one.status === "succeeded");

beforeAll(async () => {
  admin = await signIn(ready());
  staff = await watch(ready(), admin);
  staff.send({ action: "subscribe" });
  await subscribed(staff);
  [a, b] = await Promise.all([side("seen-by-a"), side("seen-by-b")]);
});

test("two tenants' owners watch at once: each is told of their own onboarding's end, neither of the other's", async () => {
  for (const { watcher, operation } of [a, b])
    await poll(
      async () => watcher.changes,
      (changes) => ended(changes, operation),
    );
  await poll(
    async () => staff.changes,
    (changes) => ended(changes, a.operation) && ended(changes, b.operation),
  );
  for (const one of [a, b]) {
    expect(ended(one.watcher.changes, one.operation)).toBe(true);
    expect(new Set(one.watcher.changes.map(({ tenant_id }) => tenant_id))).toEqual(new Set([one.tenant]));
    expect(new Set(one.watcher.changes.map(({ operation_id }) => operation_id))).toEqual(new Set([one.operation]));
  }
  const seen = new Set(staff.changes.map(({ operation_id }) => operation_id));
  expect(new Set([a.operation, b.operation]).isSubsetOf(seen), "staff see both").toBe(true);
});

describe("a tenant's owner", () => {
  test("reads their own operations and no other's", async () => {
    const get = (path: string, { token }: Side) => send(ready(), "GET", path, { token });
    for (const [mine, theirs] of [
      [a, b],
      [b, a],
    ] as const) {
      const own = await get(`/admin/operations/${mine.operation}`, mine);
      expect([own.status, own.body.tenant_id]).toEqual([200, mine.tenant]);
      const list = await get("/admin/operations", mine);
      expect(list.body.items.map(({ id }: { id: string }) => id)).toEqual([mine.operation]);
      const foreign = await get(`/admin/operations/${theirs.operation}`, mine);
      expect([foreign.status, foreign.body.type]).toEqual([404, "/problems/operation-not-found"]);
      const listed = await get(`/admin/operations?tenant=${theirs.tenant}`, mine);
      expect([listed.status, listed.body.type]).toEqual([404, "/problems/tenant-not-found"]);
      for (const verb of ["retry", "cancel"]) {
        const path = `/admin/operations/${mine.operation}/${verb}`;
        expect((await send(ready(), "POST", path, { token: mine.token })).status).toBe(403);
      }
    }
  });

  test("finds no operation of another tenant to watch", async () => {
    const watcher = await watch(ready(), a.token);
    watcher.send({ action: "subscribe", operation_id: b.operation });
    const [answer] = await subscribed(watcher);
    expect(answer).toMatchObject({ type: "/problems/operation-not-found", status: 404 });
    watcher.send({ action: "subscribe", operation_id: a.operation });
    await subscribed(watcher, 2);
    expect(watcher.answers[1]).toMatchObject({ type: "subscribed", operation_id: a.operation });
    expect(new Set(watcher.changes.map(({ tenant_id }) => tenant_id))).toEqual(new Set([a.tenant]));
    await watcher.close();
  });

  test("is given nothing of another tenant's by a position in its feed", async () => {
    const since = b.watcher.changes.at(0)?.id as string;
    const watcher = await watch(ready(), a.token);
    watcher.send({ action: "subscribe", since });
    await subscribed(watcher);
    expect(watcher.answers[0]).toMatchObject({ type: "subscribed" });
    expect(watcher.changes.filter(({ tenant_id }) => tenant_id !== a.tenant)).toEqual([]);
    await watcher.close();
  });
});
