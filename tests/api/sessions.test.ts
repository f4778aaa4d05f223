import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import {
  acceptInvitation,
  aTenantWithOwner,
  claimsIn,
  refreshed,
  signInFully,
  type Tokens,
} from "../support/owners.ts";
import { ready } from "../support/ready.ts";

const run = Date.now().toString(36);
let tenant: { id: string; email: string };
let table: string;

const get = (token: string, path = "/api/sessions") => send(ready(), "GET", path, { token });
const usage = (id = tenant.id) =>
  `/admin/tenants/${id}/usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day`;

/** Writes to the registry behind the API's back, as an operator could. */
const set = (pk: string, sk: string, name: string, value: object) =>
  askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
    TableName: table,
    Key: { pk: { S: pk }, sk: { S: sk } },
    UpdateExpression: "SET #name = :value",
    ExpressionAttributeNames: { "#name": name },
    ExpressionAttributeValues: { ":value": value },
  });

/** Asks on the same path, whose answer the gateway keeps for 20 seconds, until the status comes; in milliseconds. */
const until = async (status: number, ask: () => Promise<{ status: number }>): Promise<number> => {
  const since = Date.now();
  while ((await ask()).status !== status && Date.now() - since < 45_000) await sleep(500);
  return Date.now() - since;
};

let admin: string;
const aTenant = async (name: string) => {
  const made = await aTenantWithOwner(ready(), admin, `${name} ${run}`, "trial");
  await acceptInvitation(ready(), made.email, ready().client_id);
  return made;
};

beforeAll(async () => {
  admin = await signIn(ready());
  tenant = await aTenant("Sessions");
  const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
  table = (TableNames as string[]).find((name) => /control/i.test(name))!;
});

describe("a session", () => {
  test("has a token that says for whom, as what, and of which state of the roles", async () => {
    const { access } = await signInFully(ready(), tenant.email);
    expect(claimsIn(access)).toMatchObject({
      org_id: tenant.id,
      org_tier: "trial",
      roles: "tenant-owner",
      perm_epoch: "0.0",
      origin_jti: expect.any(String),
    });
  });

  test("is listed with where it came from, is the same after a refresh, and is shown to nobody else", async () => {
    const tokens = await signInFully(ready(), tenant.email);
    const { body } = await get(tokens.access);
    const current = body.items.find((one: { current: boolean }) => one.current);
    expect(current).toMatchObject({ id: claimsIn(tokens.access)["origin_jti"], org_id: tenant.id });
    expect(current.source_ip).toMatch(/127\.0\.0\.1|::1/);
    const again = await refreshed(ready(), tokens);
    const after = (await get(again.access)).body.items;
    expect(after.filter((one: { current: boolean }) => one.current)).toMatchObject([{ id: current.id }]);
    const staff = await get(await signIn(ready()));
    expect(staff.status).toBe(200);
    expect(JSON.stringify(staff.body)).not.toContain(current.id);
  });

  test("that was ended is over at once where nothing was asked before, whatever is refreshed; others live on", async () => {
    const [mine, other] = [await signInFully(ready(), tenant.email), await signInFully(ready(), tenant.email)];
    expect((await get(other.access)).status).toBe(200);
    const id = String(claimsIn(other.access)["origin_jti"]);
    expect(await send(ready(), "DELETE", `/api/sessions/${id}`, { token: mine.access })).toMatchObject({
      status: 200,
      body: { id },
    });
    expect((await get((await refreshed(ready(), other)).access)).status).toBe(401);
    expect((await get(mine.access)).status).toBe(200);
    const twice = await send(ready(), "DELETE", `/api/sessions/${id}`, { token: mine.access });
    expect([twice.status, twice.body.type]).toEqual([404, "/problems/session-not-found"]);
  });

  test("of somebody else cannot be ended", async () => {
    const staff = await signIn(ready());
    const mine = await signInFully(ready(), tenant.email);
    await get(mine.access);
    const refused = await send(ready(), "DELETE", `/api/sessions/${String(claimsIn(mine.access)["origin_jti"])}`, {
      token: staff,
    });
    expect(refused.status).toBe(404);
    expect((await get(mine.access)).status).toBe(200);
  });

  test("without a request for an hour is over, and a refresh does not revive it", async () => {
    const tokens = await signInFully(ready(), tenant.email);
    expect((await get(tokens.access)).status).toBe(200);
    const { sub, origin_jti: sid } = claimsIn(tokens.access) as { sub: string; origin_jti: string };
    const seen = (minutes: number) =>
      set(`SESSION#${sub}`, `SESSION#${sid}`, "last_seen_at", {
        S: new Date(Date.now() - minutes * 60_000).toISOString(),
      });
    await seen(59);
    expect((await get((await refreshed(ready(), tokens)).access)).status).toBe(200);
    await seen(60);
    for (let attempt = 0; attempt < 2; attempt++)
      expect((await get((await refreshed(ready(), tokens)).access)).status).toBe(401);
    expect((await get((await signInFully(ready(), tenant.email)).access)).status).toBe(200);
  });
});

describe("a decision that the gateway keeps", () => {
  /** Lets a user in, shuts them out, and says how long what was let in before is still let in. */
  const timed = async (owner: typeof tenant, status: 401 | 403, shut: (tokens: Tokens) => Promise<unknown>) => {
    const tokens = await signInFully(ready(), owner.email);
    const ask = () => get(tokens.access, usage(owner.id));
    expect((await ask()).status).toBe(200);
    await shut(tokens);
    const took = await until(status, ask);
    expect(took).toBeLessThan(30_000);
    return { tokens, took, ask };
  };

  test("is over within half a minute: a session ended, a sign-out everywhere, a role changed, a tenant suspended", async () => {
    const [ended, out, changed, suspended] = await Promise.all(["E", "O", "C", "S"].map((name) => aTenant(name)));
    const took = await Promise.all([
      timed(ended!, 401, async ({ access }) => {
        const { access: token } = await signInFully(ready(), ended!.email);
        return send(ready(), "DELETE", `/api/sessions/${String(claimsIn(access)["origin_jti"])}`, { token });
      }),
      timed(out!, 401, async ({ access }) => send(ready(), "DELETE", "/api/sessions", { token: access })),
      timed(changed!, 401, () => set(`TENANT#${changed!.id}`, "TENANT", "access_epoch", { N: "1" })),
      timed(suspended!, 403, () => set(`TENANT#${suspended!.id}`, "TENANT", "status", { S: "suspended" })),
    ]);
    process.stdout.write(`Cached decisions were over after ${took.map((one) => one.took).join(", ")} ms.
`);

    const [, signedOut, stale, barred] = took;
    expect((await get((await refreshed(ready(), signedOut.tokens)).access)).status).toBe(401);
    const anew = await get((await signInFully(ready(), out!.email)).access);
    expect([anew.status, anew.body.items.length]).toEqual([200, 1]);

    const again = await refreshed(ready(), stale.tokens);
    expect(claimsIn(again.access)).toMatchObject({ perm_epoch: "1.0" });
    expect((await get(again.access, usage(changed!.id))).status).toBe(200);

    const { body, headers } = await barred.ask();
    expect(body).toEqual({
      type: "/problems/forbidden",
      title: "The token does not permit this",
      status: 403,
      detail: "The token does not permit this.",
      request_id: headers.get("x-request-id"),
    });
  });
});

describe("a user of several organisations", () => {
  test("switches, and acts for the other with the next token", async () => {
    const other = await aTenantWithOwner(ready(), admin, `Second ${run}`, "standard");
    const tokens = await signInFully(ready(), tenant.email);
    const sub = String(claimsIn(tokens.access)["sub"]);
    const change = (org_id: string) =>
      send(ready(), "POST", "/api/session/switch", { token: tokens.access, body: { org_id } });
    const foreign = await change(other.id);
    expect([foreign.status, foreign.body.type]).toEqual([404, "/problems/tenant-not-found"]);
    expect((await change("ten_01JD0000000000000000000000")).status).toBe(404);

    await askJson(ready(), "dynamodb", "DynamoDB_20120810.PutItem", {
      TableName: table,
      Item: {
        pk: { S: `USER#${sub}` },
        sk: { S: `MEMBERSHIP#${other.id}` },
        entity: { S: "membership" },
        user_id: { S: sub },
        tenant_id: { S: other.id },
        roles: { L: [{ S: "tenant-viewer" }] },
        created_at: { S: new Date().toISOString() },
      },
    });
    expect(await change(other.id)).toMatchObject({
      status: 200,
      body: { org_id: other.id, roles: ["tenant-viewer"] },
    });
    const there = await refreshed(ready(), tokens);
    expect(claimsIn(there.access)).toMatchObject({ org_id: other.id, org_tier: "standard", roles: "tenant-viewer" });
    expect((await get(there.access, usage(other.id))).status).toBe(200);
    expect((await get(there.access, usage())).status).toBe(404);
    expect((await get(tokens.access, usage())).status).toBe(200);
    expect(
      (await send(ready(), "POST", "/api/session/switch", { token: admin, body: { org_id: other.id } })).status,
    ).toBe(403);
  });
});
