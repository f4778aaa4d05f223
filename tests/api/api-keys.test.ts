import { beforeAll, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

const run = Date.now().toString(36);
let tenant: { id: string; email: string };
let owner: string;

const call = (token: string, method: string, path: string, body?: unknown) =>
  send(ready(), method, path, { token, ...(body === undefined ? {} : { body }) });
const usage = "/api/usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day";

beforeAll(async () => {
  const admin = await signIn(ready());
  tenant = await aTenantWithOwner(ready(), admin, `Keys ${run}`, "standard");
  owner = await acceptInvitation(ready(), tenant.email, ready().client_id);
});

test("a key does what its scopes say, is rotated, and is refused within half a minute once it is revoked", async () => {
  const made = await call(owner, "POST", "/api/api-keys", {
    name: "export",
    scopes: ["usage:read", "operations:read"],
  });
  expect(made.status, made.text).toBe(201);
  const { id, key } = made.body as { id: string; key: string };
  expect((await call(key, "GET", usage)).status).toBe(200);
  expect((await call(key, "GET", "/admin/operations")).status).toBe(200);
  for (const [method, path] of [
    ["GET", "/api/api-keys"],
    ["GET", "/api/users"],
    ["GET", "/api/sessions"],
    ["GET", "/admin/tenants"],
  ] as const)
    expect([path, (await call(key, method, path)).status]).toEqual([path, 403]);

  const listed = await call(owner, "GET", "/api/api-keys");
  expect(listed.body.items).toMatchObject([{ id, last_used_at: expect.any(String) }]);
  expect(listed.text).not.toContain(key.slice(30));

  const rotated = await call(owner, "POST", `/api/api-keys/${id}/rotate`, { overlap_seconds: 600 });
  expect(rotated.status, rotated.text).toBe(201);
  for (const text of [key, rotated.body.key as string]) expect((await call(text, "GET", usage)).status).toBe(200);

  expect((await call(owner, "DELETE", `/api/api-keys/${id}`)).body.revoked_at).toEqual(expect.any(String));
  const since = Date.now();
  const { status, body } = await poll(
    () => call(key, "GET", usage),
    (answer) => answer.status === 401,
  );
  const took = Date.now() - since;
  process.stdout.write(`The revoked key was refused after ${took} ms.\n`);
  expect(took).toBeLessThan(30_000);
  expect([status, body.type]).toEqual([401, "/problems/unauthenticated"]);
  expect((await call(rotated.body.key as string, "GET", usage)).status).toBe(200);
  expect((await call(owner, "DELETE", `/api/api-keys/${id}`)).body.type).toBe("/problems/api-key-not-active");
});

test("what no key can be made of is refused with its own problem", async () => {
  for (const [scopes, status, type] of [
    [["users:manage"], 403, "/problems/api-key-scope-refused"],
    [["tenants:create"], 403, "/problems/api-key-scope-refused"],
    [[], 400, "/problems/invalid-request"],
  ] as const)
    expect(await call(owner, "POST", "/api/api-keys", { name: "k", scopes })).toMatchObject({ status, body: { type } });
  expect((await call(owner, "POST", "/api/api-keys/key_01JD5V8Q9C3E5G7J9M1P3R5T7V/rotate", {})).body.type).toBe(
    "/problems/api-key-not-found",
  );
  for (const text of ["tk_", "tk_01JD5V8Q9C3E5G7J9M1P3R5T7V_pXr2cD4eF6gH8iJ0kL1mN3oP5qR7sT9uV1wX3yZ5aB7"])
    expect((await call(text, "GET", usage)).status).toBe(401);
});
