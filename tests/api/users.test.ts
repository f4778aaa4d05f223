import { permissionsOf } from "@tenantry/core/access/policy";
import { beforeAll, describe, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { acceptInvitation, aTenantWithOwner, claimsIn, refreshed, signInFully } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

const run = Date.now().toString(36);
let admin: string;
let tenant: { id: string; email: string };
let owner: string;

const call = (token: string, method: string, path: string, body?: unknown) =>
  send(ready(), method, path, { token, ...(body === undefined ? {} : { body }) });

beforeAll(async () => {
  admin = await signIn(ready());
  tenant = await aTenantWithOwner(ready(), admin, `Users ${run}`, "standard");
  owner = await acceptInvitation(ready(), tenant.email, ready().client_id);
});

/** What the authorizer itself keeps is over in seconds; each path is another, so the gateway keeps nothing. */
const refusedSoon = async (token: string) => {
  let asked = 0;
  const ask = () => call(token, "GET", `/api/users/nobody-${(asked += 1)}`);
  expect((await poll(ask, ({ status }) => status === 401)).status).toBe(401);
};

/** Invites somebody, has them sign in and accept, and returns tokens that speak for the tenant. */
const join = async (name: string, roles: string[]) => {
  const email = `${name}-${run}@acme.example`;
  const invited = await call(owner, "POST", "/api/users", { email, roles });
  expect(invited.status, invited.text).toBe(201);
  await acceptInvitation(ready(), email, ready().client_id);
  const before = await signInFully(ready(), email);
  expect(claimsIn(before.access)["org_id"]).toBeUndefined();
  expect((await call(before.access, "GET", "/api/users")).status).toBe(403);
  const accepted = await call(before.access, "POST", `/api/invitations/${tenant.id}/accept`);
  expect(accepted).toMatchObject({ status: 200, body: { org_id: tenant.id, roles } });
  return { id: invited.body.id as string, email, tokens: await refreshed(ready(), before) };
};

describe("a user who was invited", () => {
  test("signs in, sees the invitation, accepts it, and acts for the tenant with the next token", async () => {
    const email = `mia-${run}@acme.example`;
    const invited = await call(owner, "POST", "/api/users", { email: email.toUpperCase(), roles: ["tenant-viewer"] });
    expect(invited).toMatchObject({ status: 201, body: { email, status: "invited" } });
    const first = await acceptInvitation(ready(), email, ready().client_id);
    const { body } = await call(first, "GET", "/api/invitations");
    expect(body.items).toMatchObject([{ org_id: tenant.id, roles: ["tenant-viewer"] }]);
    expect((await call(admin, "POST", `/api/invitations/${tenant.id}/accept`)).body.type).toBe(
      "/problems/invitation-not-found",
    );
    expect((await call(first, "POST", `/api/invitations/${tenant.id}/accept`)).status).toBe(200);
    const { access } = await signInFully(ready(), email);
    expect(claimsIn(access)).toMatchObject({
      org_id: tenant.id,
      roles: "tenant-viewer",
      permissions: permissionsOf(["tenant-viewer"]).join(" "),
    });
    expect((await call(access, "GET", "/api/users")).status).toBe(200);
    expect((await call(access, "POST", "/api/users", { email, roles: ["tenant-viewer"] })).status).toBe(403);
  });

  test("is refused where the address is none of ours, taken, or somebody's who may not invite", async () => {
    const invite = (email: string, roles = ["tenant-member"]) => call(owner, "POST", "/api/users", { email, roles });
    for (const [email, status, type] of [
      [`аdmin-${run}@acme.example`, 400, "/problems/email-refused"],
      ["nobody", 400, "/problems/email-refused"],
      [tenant.email, 409, "/problems/user-exists"],
    ] as const)
      expect(await invite(email)).toMatchObject({ status, body: { type } });
    expect(await invite(`x-${run}@acme.example`, ["platform-admin"])).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: "/roles/0" }] },
    });
    expect(
      (await call(admin, "POST", "/api/users", { email: "x@acme.example", roles: ["tenant-member"] })).status,
    ).toBe(403);
  });
});

describe("a user whose roles change", () => {
  test("loses what the old token permitted, and has the new with the next one", async () => {
    const { id, tokens } = await join("rita", ["tenant-admin"]);
    expect((await call(tokens.access, "GET", `/api/users/${id}`)).status).toBe(200);
    expect((await call(tokens.access, "PATCH", `/api/users/${id}`, { roles: ["tenant-owner"] })).body.type).toBe(
      "/problems/role-beyond-own",
    );
    expect((await call(owner, "PATCH", `/api/users/${id}`, { roles: ["tenant-viewer"] })).body.roles).toEqual([
      "tenant-viewer",
    ]);
    await refusedSoon(tokens.access);
    const after = await refreshed(ready(), tokens);
    expect(claimsIn(after.access)["roles"]).toBe("tenant-viewer");
    expect((await call(after.access, "GET", "/api/roles")).status).toBe(200);
    expect((await call(after.access, "PATCH", `/api/users/${id}`, { roles: ["tenant-admin"] })).status).toBe(403);

    expect((await call(owner, "PATCH", `/api/users/${id}`, { status: "disabled" })).body.status).toBe("disabled");
    await refusedSoon(after.access);
    expect(claimsIn((await refreshed(ready(), after)).access)["org_id"]).toBeUndefined();
    expect((await call(owner, "DELETE", `/api/users/${id}`)).status).toBe(200);
    expect(await call(owner, "GET", `/api/users/${id}`)).toMatchObject({
      status: 404,
      body: { type: "/problems/user-not-found" },
    });
  });

  test("cannot be the last owner; with another one they can", async () => {
    const me = String(claimsIn(owner)["sub"]);
    for (const [method, body] of [
      ["DELETE", undefined],
      ["PATCH", { roles: ["tenant-admin"] }],
      ["PATCH", { status: "disabled" }],
    ] as const)
      expect(await call(owner, method, `/api/users/${me}`, body)).toMatchObject({
        status: 409,
        body: { type: "/problems/last-owner" },
      });
    const { id } = await join("otto", ["tenant-owner"]);
    expect((await call(owner, "PATCH", `/api/users/${id}`, { roles: ["tenant-admin"] })).status).toBe(200);
    expect((await call(owner, "PATCH", `/api/users/${id}`, { roles: ["tenant-owner"] })).status).toBe(200);
    expect((await call(owner, "DELETE", `/api/users/${id}`)).status).toBe(200);
  });
});

describe("a tenant's own role", () => {
  test("permits what it is made of, and is heard of by everybody's next token", async () => {
    expect(await call(owner, "PUT", `/api/roles/helper-${run}`, { permissions: ["usage:read"] })).toMatchObject({
      status: 200,
      body: { name: `helper-${run}`, built_in: false },
    });
    // The owner's own token is of the roles of before.
    owner = (await signInFully(ready(), tenant.email)).access;
    const { tokens } = await join("hugo", [`helper-${run}`]);
    expect(claimsIn(tokens.access)).toMatchObject({ roles: `helper-${run}`, permissions: "usage:read" });
    for (const [name, permissions] of [
      ["tenant-helper", ["usage:read"]],
      [`helper-${run}`, ["tenants:create"]],
      [`helper-${run}`, []],
    ] as const)
      expect((await call(owner, "PUT", `/api/roles/${name}`, { permissions })).status).toBe(400);
    expect((await call(owner, "DELETE", `/api/roles/helper-${run}`)).status).toBe(200);
    await refusedSoon(tokens.access);
    expect(claimsIn((await refreshed(ready(), tokens)).access)["permissions"]).toBe("");
    owner = (await signInFully(ready(), tenant.email)).access;
    expect((await call(owner, "DELETE", `/api/roles/helper-${run}`)).body.type).toBe("/problems/role-not-found");
  });
});

describe("users of another tenant", () => {
  test("are in a pool of their own where the tier says so, seen by support, and by no other tenant", async () => {
    const silo = await aTenantWithOwner(ready(), admin, `Silo ${run}`, "premium");
    const { body: made } = await call(admin, "GET", `/admin/tenants/${silo.id}`);
    const { client_id: client } = made.resources.identity as { client_id: string };
    const chief = await acceptInvitation(ready(), silo.email, client);
    const email = `sam-${run}@silo.example`;
    const { body: invited } = await call(chief, "POST", "/api/users", { email, roles: ["tenant-member"] });
    const first = await acceptInvitation(ready(), email, client);
    expect((await call(first, "POST", `/api/invitations/${silo.id}/accept`)).status).toBe(200);
    expect(claimsIn((await signInFully(ready(), email, client)).access)).toMatchObject({ org_id: silo.id });

    const seen = await call(admin, "GET", `/admin/tenants/${silo.id}/users`);
    expect(seen.body.items.map((one: { email: string }) => one.email).toSorted()).toEqual(
      [silo.email, email].toSorted(),
    );
    for (const path of [`/api/users/${invited.id}`, `/admin/tenants/${silo.id}/users`])
      expect((await call(owner, "GET", path)).status).toBe(404);
    for (const method of ["PATCH", "DELETE"])
      expect(
        (await call(owner, method, `/api/users/${invited.id}`, method === "PATCH" ? { status: "disabled" } : undefined))
          .status,
      ).toBe(404);
    expect((await call(owner, "GET", "/api/users")).text).not.toContain(email);
  });
});
