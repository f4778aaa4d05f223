import { setTimeout as sleep } from "node:timers/promises";
import {
  CognitoIdentityProviderClient,
  GetTokensFromRefreshTokenCommand,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { AuditRecord } from "@tenantry/core/audit/audit";
import { beforeAll, describe, expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { acceptInvitation, aTenantWithOwner, claimsIn, signInFully } from "../support/owners.ts";
import { ready } from "../support/ready.ts";
import { aMemberOfStaff } from "../support/staff.ts";

// Staff act for a tenant's user: by a token of their own, for a while, and for the tenant to read.

const run = Date.now().toString(36);
const reason = "Ticket 4711: the invoice page stays empty";

type Tenant = { id: string; email: string; token: string; owner: string };
let admin: string;
let support: Awaited<ReturnType<typeof aMemberOfStaff>>;
let supportToken: string;
let tenant: Tenant;
let table: string;

const aTenant = async (name: string): Promise<Tenant> => {
  const made = await aTenantWithOwner(ready(), admin, `${name} ${run}`, "trial");
  await acceptInvitation(ready(), made.email, ready().client_id);
  const { access } = await signInFully(ready(), made.email);
  return { ...made, token: access, owner: String(claimsIn(access)["sub"]) };
};

beforeAll(async () => {
  admin = await signIn(ready());
  support = await aMemberOfStaff(ready(), `support-${run}@platform.example`, "platform-support");
  supportToken = (await support()).access;
  tenant = await aTenant("Helped");
  const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
  table = (TableNames as string[]).find((name) => /control/i.test(name))!;
});

const start = (of: Tenant, body: object = { reason, minutes: 20 }, token = supportToken, user = of.owner) =>
  send(ready(), "POST", `/admin/tenants/${of.id}/users/${user}/impersonations`, { token, body });
const end = (of: Tenant, id: string, token = supportToken) =>
  send(ready(), "DELETE", `/admin/tenants/${of.id}/impersonations/${id}`, { token });
const get = (path: string, token: string) => send(ready(), "GET", path, { token });

/** Starts one and signs in for it. */
const acting = async (of: Tenant) => {
  const { status, body, text } = await start(of);
  if (status !== 201) throw new Error(`${status} ${text}`);
  return { ...(body as { id: string; client_id: string; ends_at: string }), ...(await support(body.client_id)) };
};

const trail = async (token: string, query = ""): Promise<AuditRecord[]> =>
  (await get(`/api/audit?limit=100${query}`, token)).body.items as AuditRecord[];

describe("staff who act for a user", () => {
  test("sign in once more, and have a token of their own that says for whom, and ends", async () => {
    const started = await start(tenant);
    expect(started).toMatchObject({
      status: 201,
      body: {
        id: expect.stringMatching(/^imp_/),
        tenant_id: tenant.id,
        user_id: tenant.owner,
        reason,
        ended_at: null,
        impersonator: { id: claimsIn(supportToken)["sub"], email: `support-${run}@platform.example` },
      },
    });
    expect(Date.parse(started.body.ends_at) - Date.parse(started.body.started_at)).toBe(20 * 60_000);
    const { access } = await support(started.body.client_id);
    const claims = claimsIn(access);
    expect(claims).toMatchObject({
      iss: claimsIn(supportToken)["iss"],
      client_id: started.body.client_id,
      sub: claimsIn(supportToken)["sub"],
      org_id: tenant.id,
      roles: "tenant-owner",
      impersonation: started.body.id,
      impersonator: `support-${run}@platform.example`,
      act: { sub: claimsIn(supportToken)["sub"] },
      on_behalf_of: tenant.owner,
      impersonation_ends_at: started.body.ends_at,
    });
    expect(Number(claims["exp"]) - Number(claims["auth_time"])).toBeLessThanOrEqual(30 * 60);
    expect((await get("/api/usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day", access)).status).toBe(
      200,
    );
  });

  test("may do what both of them may, and nothing that gives away a secret or a role", async () => {
    const { access } = await acting(tenant);
    const held = String(claimsIn(access)["permissions"]).split(" ");
    expect(held).toContain("users:read");
    expect((await get("/api/users", access)).body.items).toMatchObject([{ id: tenant.owner }]);
    const refused: [string, string, object?][] = [
      ["POST", "/api/api-keys", { name: "k", scopes: [] }],
      ["GET", "/api/api-keys"],
      ["POST", "/api/users", { email: `x@${run}.example`, roles: ["tenant-viewer"] }],
      ["PATCH", `/api/users/${tenant.owner}`, { status: "disabled" }],
      ["DELETE", `/api/users/${tenant.owner}`],
      ["PUT", "/api/roles/helper", { permissions: ["usage:read"] }],
      ["POST", "/usage/events", { metric: "api_calls", value: 1 }],
      ["POST", `/admin/tenants/${tenant.id}/users/${tenant.owner}/impersonations`, { reason }],
      ["GET", "/api/sessions"],
      ["DELETE", "/api/sessions"],
      ["GET", "/api/invitations"],
      ["POST", "/api/session/switch", { org_id: tenant.id }],
      ["GET", "/admin/tenants"],
    ];
    for (const [method, path, body] of refused)
      expect([method, path, (await send(ready(), method, path, { token: access, body })).status]).toEqual([
        method,
        path,
        403,
      ]);
    // Nothing of it was done.
    expect((await get("/api/users", tenant.token)).body.items).toMatchObject([{ status: "active" }]);
  });

  test("reach no other tenant", async () => {
    const other = await aTenant("Other");
    const { access } = await acting(tenant);
    expect(
      (await get(`/admin/tenants/${other.id}/usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day`, access))
        .status,
    ).toBe(404);
    expect((await trail(other.token)).some(({ on_behalf_of }) => on_behalf_of)).toBe(false);
  });

  test("leave in the tenant's own trail who, for whom and why, for the start and for each change", async () => {
    const { access, id } = await acting(tenant);
    const made = await send(ready(), "POST", "/api/storage-credentials", {
      token: access,
      body: { duration_seconds: 3600 },
    });
    expect(made.status).toBe(200);
    // They cannot be taken back, so they are as short as can be.
    expect(Date.parse(made.body.expires_at) - Date.now()).toBeLessThan(901_000);
    await end(tenant, id);
    const behalf = { user_id: tenant.owner, impersonation_id: id, reason };
    const actor = claimsIn(supportToken)["sub"];
    const own = (await trail(tenant.token, `&on_behalf_of=${tenant.owner}`)).filter(
      ({ on_behalf_of }) => on_behalf_of?.impersonation_id === id,
    );
    expect(own).toMatchObject([
      { action: "impersonation.end", actor, on_behalf_of: behalf, result: "done" },
      {
        action: "tenant.create-storage-credentials",
        actor,
        on_behalf_of: behalf,
        target: "POST /api/storage-credentials",
        user_agent: expect.any(String),
        result: "done",
      },
      { action: "impersonation.start", actor, on_behalf_of: behalf, after: { user_id: tenant.owner } },
    ]);
  });
});

describe("an impersonation", () => {
  test("is over within half a minute of its end, and signing in or refreshing does not bring it back", async () => {
    const begun = await acting(tenant);
    const { access, refresh, id, client_id } = begun;
    expect((await get("/api/users", access)).status).toBe(200);
    // Its session is one of the member of staff's own.
    const sessions = (await get("/api/sessions", supportToken)).body.items as { id: string; org_id: string }[];
    expect(sessions).toContainEqual(
      expect.objectContaining({
        id: claimsIn(access)["origin_jti"],
        org_id: tenant.id,
        current: false,
        impersonation: { impersonation_id: id, user_id: tenant.owner, reason, ends_at: begun.ends_at },
        idle_at: begun.ends_at,
      }),
    );
    expect(sessions).toContainEqual(expect.objectContaining({ org_id: "org_platform", impersonation: null }));
    expect(await end(tenant, id)).toMatchObject({ status: 200, body: { id, ended_at: expect.any(String) } });
    const since = Date.now();
    while ((await get("/api/users", access)).status !== 401 && Date.now() - since < 45_000) await sleep(500);
    expect(Date.now() - since).toBeLessThan(30_000);
    await expect(support(client_id)).rejects.toThrow("You act for nobody now");
    const cognito = new CognitoIdentityProviderClient(operator(ready()));
    await expect(
      cognito.send(new GetTokensFromRefreshTokenCommand({ ClientId: client_id, RefreshToken: refresh })),
    ).rejects.toThrow("You act for nobody now");
    await expect(
      cognito.send(
        new InitiateAuthCommand({
          ClientId: client_id,
          AuthFlow: "REFRESH_TOKEN_AUTH",
          AuthParameters: { REFRESH_TOKEN: refresh },
        }),
      ),
    ).rejects.toThrow("REFRESH_TOKEN_AUTH flow not enabled for this client");
    expect((await end(tenant, id)).body.type).toBe("/problems/state-conflict");
  });

  const endsAt = (id: string, at: number) =>
    askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
      TableName: table,
      Key: { pk: { S: `IMPERSONATION#${id}` }, sk: { S: "IMPERSONATION" } },
      UpdateExpression: "SET ends_at = :at",
      ExpressionAttributeValues: { ":at": { S: new Date(at).toISOString() } },
    });

  test("leaves no storage credentials that reach anything when its time is over", async () => {
    const { body } = await start(tenant);
    const over = Date.now() + 8000;
    await endsAt(String(body.id), over);
    const { access } = await support(String(body.client_id));
    const made = await send(ready(), "POST", "/api/storage-credentials", { token: access, body: {} });
    expect([made.status, made.body.expires_at]).toEqual([200, new Date(over).toISOString()]);
    const { access_key_id, secret_access_key, session_token, bucket, prefix } = made.body;
    const s3 = new S3Client({
      ...operator(ready()),
      credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key, sessionToken: session_token },
      forcePathStyle: true,
      maxAttempts: 1,
    });
    const list = () =>
      s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix })).then(
        () => "listed",
        (error: Error) => error.name,
      );
    expect(await list()).toBe("listed");
    await sleep(over - Date.now());
    expect(await list()).toBe("AccessDenied");
    expect((await send(ready(), "POST", "/api/storage-credentials", { token: access, body: {} })).status).not.toBe(200);
  });

  test("is over when its time is, though the token lives", async () => {
    const { access, id, client_id } = await acting(tenant);
    await endsAt(id, Date.now());
    expect(Number(claimsIn(access)["exp"]) * 1000).toBeGreaterThan(Date.now() + 60_000);
    expect((await get("/api/users", access)).status).toBe(401);
    await expect(support(client_id)).rejects.toThrow("You act for nobody now");
  });

  test("is over when the session is ended, the user's roles change, or the member of staff signs out", async () => {
    const ended = await acting(tenant);
    await get("/api/users", ended.access);
    const sid = String(claimsIn(ended.access)["origin_jti"]);
    expect((await send(ready(), "DELETE", `/api/sessions/${sid}`, { token: supportToken })).status).toBe(200);
    const other = await aTenant("Changed");
    const changed = await acting(other);
    await send(ready(), "PUT", "/api/roles/helper", { token: other.token, body: { permissions: ["usage:read"] } });
    const leaver = await aMemberOfStaff(ready(), `leaver-${run}@platform.example`, "platform-support");
    const { access: own } = await leaver();
    const { body: theirs } = await start(tenant, { reason }, own);
    const { access: left } = await leaver(theirs.client_id as string);
    expect((await get("/api/users", left)).status).toBe(200);
    await sleep(1000); // a sign-out is by the second
    expect((await send(ready(), "DELETE", "/api/sessions", { token: own })).status).toBe(200);
    const since = Date.now();
    const gone = [ended.access, changed.access, left].map((token) =>
      poll(
        () => get("/api/users", token),
        ({ status }) => status === 401,
      ),
    );
    expect((await Promise.all(gone)).map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(Date.now() - since).toBeLessThan(30_000);
  });

  test("is listed for the tenant, and ended by another member of staff", async () => {
    const { id } = await acting(tenant);
    const listed = await poll(
      () => get(`/admin/tenants/${tenant.id}/impersonations`, admin),
      ({ body }) => (body.items as { id: string }[]).some((one) => one.id === id),
    );
    expect(listed.body.items[0]).toMatchObject({ id, reason, user_id: tenant.owner, ended_at: null });
    expect((await get(`/admin/tenants/${tenant.id}/impersonations?limit=1`, admin)).body.next_cursor).not.toBeNull();
    expect((await end(tenant, id, admin)).status).toBe(200);
    const ended = (await trail(tenant.token, "&action=impersonation.end")).find(
      ({ on_behalf_of }) => on_behalf_of?.impersonation_id === id,
    );
    expect(ended?.actor).toBe(claimsIn(admin)["sub"]);
  });
});

describe("nobody can", () => {
  test("begin one without a reason, for too long, or for somebody who is not there", async () => {
    const faulty: [object, number][] = [
      [{}, 400],
      [{ reason: "  " }, 400],
      [{ reason: "x".repeat(201) }, 400],
      [{ reason: "two\nlines" }, 400],
      [{ reason, minutes: 31 }, 400],
      [{ reason, minutes: 0 }, 400],
      [{ reason, minutes: 1.5 }, 400],
      [{ reason, user: "u" }, 400],
    ];
    for (const [body, status] of faulty) expect([body, (await start(tenant, body)).status]).toEqual([body, status]);
    expect((await start(tenant, { reason }, supportToken, "nobody")).body.type).toBe("/problems/user-not-found");
    const nowhere = { ...tenant, id: "ten_01JD0000000000000000000000" };
    expect((await start(nowhere)).body.type).toBe("/problems/tenant-not-found");
    expect((await end(tenant, "imp_01JD0000000000000000000000")).body.type).toBe("/problems/impersonation-not-found");
    const { id } = await acting(tenant);
    expect((await end({ ...tenant, id: nowhere.id }, id)).status).toBe(404);
  });

  test("begin one but staff who may", async () => {
    const auditor = await aMemberOfStaff(ready(), `auditor-${run}@platform.example`, "platform-auditor");
    const { access } = await auditor();
    for (const token of [access, tenant.token]) expect((await start(tenant, { reason }, token)).status).toBe(403);
    const { client_id } = await acting(tenant);
    // Through its client nobody gets a token for whom none was begun.
    await expect(auditor(client_id)).rejects.toThrow("You act for nobody now");
    await expect(signInFully(ready(), tenant.email, client_id)).rejects.toThrow("You act for nobody now");
  });
});
