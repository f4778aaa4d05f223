import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { type Answer, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { logged, logsOf } from "../support/logs.ts";
import {
  acceptInvitation,
  aTenantWithOwner,
  claimsIn,
  refreshed,
  signInFully,
  type Tokens,
} from "../support/owners.ts";
import { rawRequest } from "../support/raw-http.ts";
import { ready } from "../support/ready.ts";

const run = Date.now().toString(36);
let tenant: { id: string; email: string };
let owner: Tokens;
/** Everything secret that this file has had in its hands, by what it is. */
const secrets: Record<string, string> = {};

const call = (token: string, method: string, path: string, body?: unknown) =>
  send(ready(), method, path, { token, ...(body === undefined ? {} : { body }) });

const expectProblem = (answer: Pick<Answer, "status" | "body" | "text">, status: number, code: string) =>
  expect([answer.status, answer.body.type], answer.text).toEqual([status, `/problems/${code}`]);

const keep = (what: string, { access, refresh }: Tokens): void => {
  secrets[`${what}'s access token`] = access;
  secrets[`${what}'s access token's signature`] = access.split(".")[2] ?? "";
  secrets[`${what}'s refresh token`] = refresh;
};

beforeAll(async () => {
  tenant = await aTenantWithOwner(ready(), await signIn(ready()), `Refusals ${run}`, "standard");
  await acceptInvitation(ready(), tenant.email, ready().client_id);
  owner = await signInFully(ready(), tenant.email);
  keep("the owner", owner);
});

/** Invites somebody who then signs in, without having accepted. */
const invited = async (name: string, roles: string[]) => {
  const email = `${name}-${run}@acme.example`;
  const { status, text } = await call(owner.access, "POST", "/api/users", { email, roles });
  expect(status, text).toBe(201);
  await acceptInvitation(ready(), email, ready().client_id);
  const tokens = await signInFully(ready(), email);
  keep(name, tokens);
  return { email, tokens, id: String(claimsIn(tokens.access)["sub"]) };
};
const accept = (token: string) => call(token, "POST", `/api/invitations/${tenant.id}/accept`);

describe("an address to invite is refused", () => {
  const invite = (email: unknown) => call(owner.access, "POST", "/api/users", { email, roles: ["tenant-member"] });

  test.for<[why: string, email: string]>([
    ["with a Cyrillic a", `аdmin-${run}@acme.example`],
    ["with a Greek o", `οtto-${run}@acme.example`],
    ["with a fullwidth letter", `ａdmin-${run}@acme.example`],
    ["with a mathematical letter", `𝐚dmin-${run}@acme.example`],
    ["with a dotless i", `admın-${run}@acme.example`],
    ["with a Kelvin sign, which is k in small letters", `\u212Aim-${run}@acme.example`],
    ["whose domain looks alike", `admin-${run}@аcme.example`],
    ["with an accent that stands alone", `adme\u0301-${run}@acme.example`],
    ["with a letter of no width", `ad\u200Bmin-${run}@acme.example`],
    ["written from right to left", `\u202Eadmin-${run}@acme.example`],
    ["with a null byte", `admin\0-${run}@acme.example`],
    ["with a line break", `admin-${run}@acme.example\r\nBcc: evil@evil.example`],
    ["with a fullwidth at", `admin-${run}＠acme.example`],
    ["of two", `a-${run}@acme.example,b-${run}@acme.example`],
    ["with a name", `"Admin" <admin-${run}@acme.example>`],
    ["with nothing behind the at", `admin-${run}@`],
    ["of 1,000 letters", `${"a".repeat(1000)}@acme.example`],
  ])("%s", async ([, email]) => {
    const answer = await invite(email);
    expect([answer.status, answer.body.type], answer.text).toEqual([
      400,
      expect.stringMatching(/^\/problems\/(email-refused|invalid-request)$/),
    ]);
    if (/[^\0-\x7f]/.test(email)) expectProblem(answer, 400, "email-refused");
  });

  test("that is the last owner's own, however it is written, and they stay what they were", async () => {
    for (const email of [tenant.email, tenant.email.toUpperCase(), ` ${tenant.email} `.trim()])
      for (const roles of [["tenant-viewer"], ["tenant-owner"]])
        expectProblem(await call(owner.access, "POST", "/api/users", { email, roles }), 409, "user-exists");
    const me = await call(owner.access, "GET", `/api/users/${String(claimsIn(owner.access)["sub"])}`);
    expect(me.body).toMatchObject({ roles: ["tenant-owner"], status: "active" });
  });
});

describe("an invitation that is over", () => {
  test("cannot be accepted: it expired, it was taken back, it is another's, it was accepted already", async () => {
    const { tokens, id } = await invited("late", ["tenant-viewer"]);
    const { TableNames } = await askJson(ready(), "dynamodb", "DynamoDB_20120810.ListTables", {});
    const set = (at: number) =>
      askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
        TableName: (TableNames as string[]).find((name) => /control/i.test(name)),
        Key: { pk: { S: `USER#${id}` }, sk: { S: `MEMBERSHIP#${tenant.id}` } },
        UpdateExpression: "SET invitation_ends_at = :at",
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: { ":at": { S: new Date(at).toISOString() } },
      });
    await set(Date.now() - 1000);
    expectProblem(await accept(tokens.access), 410, "invitation-expired");
    expectProblem(await accept(owner.access), 404, "invitation-not-found");
    await set(Date.now() + 60_000);
    expect((await accept(tokens.access)).status).toBe(200);
    expectProblem(await accept(tokens.access), 404, "invitation-not-found");

    const gone = await invited("gone", ["tenant-viewer"]);
    expect((await call(owner.access, "DELETE", `/api/users/${gone.id}`)).status).toBe(200);
    expectProblem(await accept(gone.tokens.access), 404, "invitation-not-found");
  });
});

describe("a key", () => {
  const bearing = (key: string, path = "/api/usage") =>
    call(key, "GET", `${path}?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day`);
  const make = async (what: string) => {
    const { status, body, text } = await call(owner.access, "POST", "/api/api-keys", {
      name: `${what} ${run}`,
      scopes: ["usage:read"],
    });
    expect(status, text).toBe(201);
    secrets[`the ${what} key`] = body.key;
    secrets[`the ${what} key's secret`] = String(body.key).split("_").slice(2).join("_");
    return body as { id: string; key: string };
  };

  test("that was revoked a second ago is refused, and one beside it is not", async () => {
    const [revoked, kept] = [await make("revoked"), await make("kept")];
    expect((await call(owner.access, "DELETE", `/api/api-keys/${revoked.id}`)).status).toBe(200);
    await sleep(1000);
    expectProblem(await bearing(revoked.key), 401, "unauthenticated");
    expect((await bearing(kept.key)).status).toBe(200);
    expectProblem(await call(owner.access, "DELETE", `/api/api-keys/${revoked.id}`), 409, "api-key-not-active");
    expectProblem(
      await call(owner.access, "POST", `/api/api-keys/${revoked.id}/rotate`, { overlap_seconds: 60 }),
      409,
      "api-key-not-active",
    );
  });

  test("that is altered, cut, or in another's clothes is refused", async () => {
    const { key } = await make("altered");
    const { key: other } = await make("other");
    for (const text of [
      key.slice(0, -1),
      `${key}A`,
      key.toUpperCase(),
      key.slice(3),
      `sk${key.slice(2)}`,
      `${key.slice(0, 30)}${other.slice(30)}`,
      `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`,
      `${key}.x.y`,
    ])
      expectProblem(await bearing(text), 401, "unauthenticated");
  });

  test("is nobody who could have sessions, make keys or let people in", async () => {
    const { key } = await make("lonely");
    for (const [method, path] of [
      ["GET", "/api/sessions"],
      ["GET", "/api/invitations"],
      ["GET", "/api/api-keys"],
      ["POST", "/api/api-keys"],
      ["POST", "/api/users"],
      ["GET", "/admin/tenants"],
    ] as const)
      expectProblem(await call(key, method, path, method === "POST" ? {} : undefined), 403, "forbidden");
  });
});

describe("a tenant's own role", () => {
  test("cannot give itself more, nor to another, than its bearer has", async () => {
    const role = `grower-${run}`;
    const small = ["roles:manage", "users:read"];
    expect((await call(owner.access, "PUT", `/api/roles/${role}`, { permissions: small })).status).toBe(200);
    owner = await signInFully(ready(), tenant.email);
    keep("the owner again", owner);
    const { tokens, id } = await invited("greta", [role]);
    expect((await accept(tokens.access)).status).toBe(200);
    const greta = await refreshed(ready(), tokens);
    keep("greta, as a member", greta);
    expect(claimsIn(greta.access)["roles"]).toBe(role);

    const grow = (name: string, permissions: string[]) =>
      call(greta.access, "PUT", `/api/roles/${name}`, { permissions });
    expectProblem(await grow(role, [...small, "users:manage"]), 403, "role-beyond-own");
    expectProblem(await grow(`other-${run}`, ["api-keys:manage"]), 403, "role-beyond-own");
    expectProblem(await grow(role, [...small, "tenants:create"]), 400, "invalid-request");
    expectProblem(await grow("tenant-owner", small), 400, "invalid-request");
    expectProblem(await grow("platform-admin", small), 400, "invalid-request");
    expectProblem(await call(greta.access, "PATCH", `/api/users/${id}`, { roles: ["tenant-owner"] }), 403, "forbidden");
    const listed = await call(greta.access, "GET", "/api/roles");
    expect(listed.body.items.find(({ name }: { name: string }) => name === role)).toMatchObject({ permissions: small });
  });
});

describe("what is logged", () => {
  test("holds none of the secrets that were used, in whatever place of a request they came", async () => {
    const { access } = owner;
    const authorization = [`Authorization: Bearer ${access}`];
    for (const [target, lines] of [
      [`/api/users?access_token=${access}`, authorization],
      [`/api/users/${access}`, authorization],
      [`/api/users?token=${access}`, []],
      ["/api/users", [...authorization, `Cookie: session=${access}`, `X-Api-Key: ${secrets["the kept key"]}`]],
      ["/api/users", [`Authorization: Bearer ${access}.x`]],
      ["/api/users", [`Authorization: Basic ${access}`]],
      ["/nothing", [`Authorization: Bearer ${access}`]],
    ] as const)
      await rawRequest(ready().api_url, target, lines);
    await call(access, "POST", "/api/users", { email: `x-${run}@acme.example`, roles: [access] });
    await call(access, "POST", "/api/users", `{"email": "${access}`);
    secrets["the password"] = "Correct-Horse-7-Battery";
    secrets["the admin's password"] = ready().admin.password;
    // Logs are written while requests are answered, and the access log a little later.
    await sleep(2000);
    const files = logsOf(ready());
    expect([...files.keys()].some((name) => name.includes("Authorizer"))).toBe(true);
    expect([...files.values()].join("").includes("The Authorization header holds no bearer token.")).toBe(true);
    expect(Object.keys(secrets).length).toBeGreaterThan(12);
    expect(logged(ready(), secrets)).toEqual([]);
  });
});
