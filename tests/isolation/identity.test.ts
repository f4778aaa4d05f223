import { routes } from "@tenantry/contract/routes";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { CognitoIdentityProviderClient, DeleteUserPoolCommand } from "@aws-sdk/client-cognito-identity-provider";
import { operator, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { acceptInvitation, aTenantWithOwner, signInAgain } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

const run = Date.now().toString(36);
let admin = "";
let pooled: { id: string; email: string };
let bridged: typeof pooled;
let siloed: typeof pooled;
let tokens: { pooled: string; bridged: string; siloed: string };

const identityOf = async (id: string) =>
  (await send(ready(), "GET", `/admin/tenants/${id}`, { token: admin })).body.resources.identity as {
    user_pool_id: string;
    client_id?: string;
  };

beforeAll(async () => {
  admin = await signIn(ready());
  [pooled, bridged, siloed] = await Promise.all([
    aTenantWithOwner(ready(), admin, `People A ${run}`, "standard"),
    aTenantWithOwner(ready(), admin, `People B ${run}`, "business"),
    aTenantWithOwner(ready(), admin, `People C ${run}`, "premium"),
  ]);
  const enter = async ({ id, email }: typeof pooled) =>
    acceptInvitation(ready(), email, (await identityOf(id)).client_id ?? ready().client_id);
  tokens = { pooled: await enter(pooled), bridged: await enter(bridged), siloed: await enter(siloed) };
});

const usage = "usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day";
const read = (token: string, id: string) => send(ready(), "GET", `/admin/tenants/${id}/${usage}`, { token });
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString("utf8")) as {
    org_id: string;
    client_id: string;
    iss: string;
  };

describe("an owner", () => {
  test("signs in where their tier has it, and speaks for their tenant", async () => {
    const shared = await identityOf(pooled.id);
    const bridge = await identityOf(bridged.id);
    const silo = await identityOf(siloed.id);
    expect(shared.client_id).toBeUndefined();
    expect(bridge.user_pool_id).toBe(shared.user_pool_id);
    expect(silo.user_pool_id).not.toBe(shared.user_pool_id);
    expect(claimsOf(tokens.pooled)).toMatchObject({ org_id: pooled.id, client_id: ready().client_id });
    expect(claimsOf(tokens.bridged)).toMatchObject({ org_id: bridged.id, client_id: bridge.client_id });
    expect(claimsOf(tokens.siloed)).toMatchObject({
      org_id: siloed.id,
      client_id: silo.client_id,
      iss: expect.stringContaining(silo.user_pool_id),
    });
    for (const [who, { id }] of [
      ["pooled", pooled],
      ["bridged", bridged],
      ["siloed", siloed],
    ] as const)
      expect((await read(tokens[who], id)).status).toBe(200);
  });

  test("gets credentials for their own files", async () => {
    const { status, body } = await send(ready(), "POST", "/api/storage-credentials", {
      token: tokens.siloed,
      body: {},
    });
    expect(status).toBe(200);
    expect(body.prefix).toContain(`tenants/tenant-people-c-${run}/`);
    expect(await send(ready(), "POST", "/api/storage-credentials", { token: admin, body: {} })).toMatchObject({
      status: 403,
    });
  });

  test("who comes through another tenant's client speaks for nobody there", async () => {
    const { client_id } = await identityOf(bridged.id);
    const token = await signInAgain(ready(), pooled.email, client_id!);
    expect(claimsOf(token).org_id).toBeUndefined();
    for (const id of [pooled.id, bridged.id]) expect((await read(token, id)).status).toBe(403);
    const staff = await signIn({ ...ready(), client_id: client_id! });
    expect(claimsOf(staff).org_id).toBeUndefined();
    expect((await send(ready(), "GET", "/admin/tenants", { token: staff })).status).toBe(403);
  });
});

/** A body that is right: one that is not would be told so before anybody looks at the tenant. */
const aProvider = {
  issuer: "https://login.acme.example",
  client_id: "tenantry",
  client_secret: "secret",
  callback_urls: ["https://app.acme.example/signed-in"],
};

describe("every operation that names a tenant", () => {
  const named = Object.entries(routes).filter(([, { path }]) => path.includes("{tenant_id}"));
  test("is among these", () => expect(named.length).toBeGreaterThanOrEqual(3));

  test.for(
    named.flatMap(([name, route]) =>
      (["pooled", "bridged", "siloed"] as const).map((who) => [name, who, route] as const),
    ),
  )("%s shows %s nothing of another tenant", async ([name, who, { method, path }]) => {
    const others = [pooled, bridged, siloed].filter(({ id }) => id !== claimsOf(tokens[who]).org_id);
    for (const id of [...others.map((other) => other.id), "ten_01JD00000000000000000000ZZ"]) {
      const asked = usage.slice(5);
      const query = path.endsWith("/usage") ? asked : path.endsWith(".svg") ? asked.replace("&window=day", "") : "";
      const at = `${path.replace("{tenant_id}", id).replace("{month}", "2026-10")}${query}`;
      const { status } = await send(ready(), method, at, {
        token: tokens[who],
        ...(method === "GET" ? {} : { body: name === "putTenantSso" ? aProvider : {} }),
      });
      // As for what is not there; a role that may not do it even on its own tenant is told that.
      const held = /\/(usage|storage-credentials|sso)$/.test(path);
      expect(held ? [404] : [403, 404]).toContain(status);
    }
  });
});

test("the tokens of an issuer that is taken away are refused within half a minute", async () => {
  const silo = await identityOf(siloed.id);
  expect((await read(tokens.siloed, siloed.id)).status).toBe(200);
  const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
  const table = (TableNames as string[]).find((name) => /control/i.test(name));
  await askJson(ready(), "dynamodb", "DynamoDB_20120810.DeleteItem", {
    TableName: table,
    Key: { pk: { S: `ISSUER#${silo.user_pool_id}` }, sk: { S: `CLIENT#${silo.client_id}` } },
  });
  await new CognitoIdentityProviderClient(operator(ready())).send(
    new DeleteUserPoolCommand({ UserPoolId: silo.user_pool_id }),
  );
  const until = Date.now() + 30_000;
  let { status } = await read(tokens.siloed, siloed.id);
  while (status !== 401 && Date.now() < until) {
    await sleep(1000);
    ({ status } = await read(tokens.siloed, siloed.id));
  }
  expect(status).toBe(401);
});
