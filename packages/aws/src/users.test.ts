import type { Membership } from "@tenantry/core/access/membership";
import { permissionsOf } from "@tenantry/core/access/policy";
import type { Context } from "@tenantry/core/context";
import type { Makings } from "@tenantry/core/idempotency";
import type { Tenant } from "@tenantry/core/tenant/tenant";
import { changeUser, removeUser } from "@tenantry/core/user/change";
import { acceptInvitation, listInvitations } from "@tenantry/core/user/invitations";
import { inviteUser } from "@tenantry/core/user/invite";
import { getUser, listTenantUsers, listUsers } from "@tenantry/core/user/look";
import type { UserPorts } from "@tenantry/core/user/ports";
import { deleteRole, listRoles, maxCustomRoles, putRole } from "@tenantry/core/user/roles";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamoProfiles } from "./access-profiles.ts";
import { keys } from "./control-table.ts";
import { dynamoCustomRoles } from "./custom-roles.ts";
import { dynamoMakings } from "./makings.ts";
import { dynamoMembers } from "./members.ts";
import { newId } from "./new-id.ts";
import { dynamoRegistry } from "./registry.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

const table = "control";
let engine: Engine;
let ports: UserPorts & { readonly makings: Makings };
let now: Date;
let tenant: string;

beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, table);
  ports = {
    registry: dynamoRegistry(engine.documents, table),
    members: dynamoMembers(engine.documents, table),
    makings: dynamoMakings(engine.documents, table, () => now),
    roles: dynamoCustomRoles(engine.documents, table),
    // Each address is its own user's.
    directory: { ensure: async (_tenant, _identity, email) => `sub-of-${email}` },
    clock: () => now,
    newId,
  };
});
afterAll(() => engine.stop());

const as = (role: string, id = `sub-of-${role}@acme.example`): Context => ({
  actor: { id, orgId: tenant, permissions: new Set(permissionsOf([role])), sessionId: "s" },
  requestId: "r",
});
const user = (email: string): Context => ({
  actor: { id: `sub-of-${email}`, orgId: "", permissions: new Set(), sessionId: "s" },
  requestId: "r",
});

const member = async (email: string, ...roles: string[]): Promise<string> => {
  const membership: Membership = {
    user_id: `sub-of-${email}`,
    tenant_id: tenant,
    roles,
    email,
    created_at: "2026-01-01T00:00:00.000Z",
  };
  await dynamoRegistry(engine.documents, table).addMembership(membership);
  return membership.user_id;
};
const owner = () => as("tenant-owner", "sub-of-olga@acme.example");

beforeEach(async () => {
  now = new Date("2026-11-20T12:00:00.000Z");
  tenant = newId("tenant");
  const item: Tenant = {
    id: tenant,
    slug: tenant.toLowerCase(),
    name: "Acme",
    tier: "standard",
    status: "active",
    config: { region: "us-east-1", features: [] },
    owner: { email: "olga@acme.example" },
    resources: {
      identity: { user_pool_id: "pool", owner_user_id: "sub-of-olga@acme.example", owner_email: "olga@acme.example" },
    },
    created_at: now.toISOString(),
    updated_at: now.toISOString(),
  };
  await engine.documents.send(new PutCommand({ TableName: table, Item: { ...keys.tenant(tenant), ...item } }));
  await member("olga@acme.example", "tenant-owner");
});

const refusal = (code: string) => expect.objectContaining({ code }) as unknown;

describe("an invitation", () => {
  const invite = (email: string, roles = ["tenant-member"], by = owner()) => inviteUser(ports)(by, { email, roles });

  test("is listed, seen by whom it is for, accepted once, and makes a member with a token of its own", async () => {
    const made = await invite("Mia@Acme.example");
    expect(made).toMatchObject({ id: "sub-of-mia@acme.example", email: "mia@acme.example", status: "invited" });
    const mia = user("mia@acme.example");
    expect(await listInvitations(ports)(mia)).toMatchObject([{ org_id: tenant, roles: ["tenant-member"] }]);
    const profiles = dynamoProfiles(engine.documents, table);
    expect((await profiles.profileOf(made.id)).memberships).toMatchObject([{ status: "invited" }]);
    expect(await profiles.organizationOf(tenant)).toEqual({ tier: "standard", epoch: 0, roles: [] });
    expect(await acceptInvitation(ports)(mia, { orgId: tenant })).toEqual({ org_id: tenant, roles: ["tenant-member"] });
    await expect(acceptInvitation(ports)(mia, { orgId: tenant })).rejects.toEqual(refusal("invitation-not-found"));
    expect(await getUser(ports)(owner(), { userId: made.id })).toMatchObject({
      status: "active",
      invitation_ends_at: null,
    });
    const { items } = await listUsers(ports)(owner(), { limit: 10, after: null });
    expect(items.map(({ email }) => email)).toEqual(["mia@acme.example", "olga@acme.example"]);
  });

  test("is accepted once by a request that died before its answer and comes again", async () => {
    const { id } = await invite("mia@acme.example");
    const request = { caller: `#${id}`, operation: "acceptInvitation", key: tenant, payload: {} };
    const accept = () => acceptInvitation(ports)(user("mia@acme.example"), { orgId: tenant }, request);
    const first = await accept();
    expect(first).toEqual({ org_id: tenant, roles: ["tenant-member"] });
    expect(await accept()).toEqual(first);
    await removeUser(ports)(owner(), { userId: id });
    await expect(accept()).rejects.toEqual(refusal("invitation-not-found"));
    await invite("mia@acme.example");
    await expect(accept()).rejects.toEqual(refusal("invitation-not-found"));
  });

  test("ends after a week, and can be made anew", async () => {
    await invite("mia@acme.example");
    const mia = user("mia@acme.example");
    now = new Date(now.getTime() + 7 * 24 * 3_600_000);
    await expect(acceptInvitation(ports)(mia, { orgId: tenant })).rejects.toEqual(refusal("invitation-expired"));
    await invite("mia@acme.example", ["tenant-viewer"]);
    expect((await acceptInvitation(ports)(mia, { orgId: tenant })).roles).toEqual(["tenant-viewer"]);
  });

  test("to a member is refused, to the last owner's own address too, and changes nothing", async () => {
    for (const email of ["olga@acme.example", "OLGA@ACME.EXAMPLE"])
      await expect(invite(email, ["tenant-viewer"])).rejects.toEqual(refusal("user-exists"));
    expect(await getUser(ports)(owner(), { userId: "sub-of-olga@acme.example" })).toMatchObject({
      roles: ["tenant-owner"],
      status: "active",
    });
  });

  test.for([
    "оlga@acme.example",
    "olga@асme.example",
    "ｏlga@acme.example",
    "olga@acme.example\u0000",
    "a b@c.de",
    "olga",
    "@acme.example",
    "olga@acme",
    "o..a@acme.example",
    `${"o".repeat(65)}@acme.example`,
  ])("to %j is refused", async (email) => await expect(invite(email)).rejects.toEqual(refusal("email-refused")));

  test("gives nothing that the inviter lacks, and no role that there is not", async () => {
    const admin = as("tenant-admin");
    await expect(invite("mia@acme.example", ["tenant-owner"], admin)).rejects.toEqual(refusal("role-beyond-own"));
    for (const role of ["platform-admin", "made-up", "constructor"])
      await expect(invite("mia@acme.example", [role])).rejects.toEqual(refusal("invalid-request"));
    await expect(invite("mia@acme.example", ["tenant-viewer"], as("tenant-member"))).rejects.toEqual(
      refusal("forbidden"),
    );
    await invite("mia@acme.example", ["tenant-owner"]);
    await expect(invite("mia@acme.example", ["tenant-viewer"], admin)).rejects.toEqual(refusal("role-beyond-own"));
  });

  test("is not for somebody else to accept", async () => {
    await invite("mia@acme.example");
    await expect(acceptInvitation(ports)(user("eve@acme.example"), { orgId: tenant })).rejects.toEqual(
      refusal("invitation-not-found"),
    );
  });
});

describe("a user", () => {
  test("whose roles or status change has another epoch each time, also after a removal", async () => {
    const userId = await member("mia@acme.example", "tenant-member");
    const epochs = new Set<number | undefined>();
    const look = async () => epochs.add((await ports.members.get(tenant, userId))?.epoch);
    await look();
    await changeUser(ports)(owner(), { userId, roles: ["tenant-viewer"] });
    await look();
    await changeUser(ports)(owner(), { userId, status: "disabled" });
    await look();
    await changeUser(ports)(owner(), { userId, status: "active" });
    await look();
    await removeUser(ports)(owner(), { userId });
    expect(await ports.members.get(tenant, userId)).toBeNull();
    now = new Date(now.getTime() + 1000);
    await inviteUser(ports)(owner(), { email: "mia@acme.example", roles: ["tenant-member"] });
    await look();
    expect(epochs.size).toBe(5);
  });

  test("is not changed by whoever holds less, nor found by another tenant", async () => {
    await expect(
      changeUser(ports)(as("tenant-admin"), { userId: owner().actor.id, status: "disabled" }),
    ).rejects.toEqual(refusal("role-beyond-own"));
    await expect(removeUser(ports)(as("tenant-admin"), { userId: owner().actor.id })).rejects.toEqual(
      refusal("role-beyond-own"),
    );
    const stranger = { ...owner(), actor: { ...owner().actor, orgId: newId("tenant") } };
    for (const ask of [getUser(ports), removeUser(ports), changeUser(ports)])
      await expect(ask(stranger, { userId: owner().actor.id })).rejects.toEqual(refusal("user-not-found"));
    await expect(listTenantUsers(ports)(stranger, { tenantId: tenant }, { limit: 1, after: null })).rejects.toEqual(
      refusal("tenant-not-found"),
    );
  });

  test("who is invited is neither disabled nor enabled", async () => {
    const { id } = await inviteUser(ports)(owner(), { email: "mia@acme.example", roles: ["tenant-member"] });
    await expect(changeUser(ports)(owner(), { userId: id, status: "active" })).rejects.toEqual(
      refusal("state-conflict"),
    );
  });

  test("who is the last owner stays one; of two who take each other away at once one stays", async () => {
    const userId = owner().actor.id;
    const away = [
      () => removeUser(ports)(owner(), { userId }),
      () => changeUser(ports)(owner(), { userId, status: "disabled" }),
      () => changeUser(ports)(owner(), { userId, roles: ["tenant-admin"] }),
    ];
    for (const attempt of away) await expect(attempt()).rejects.toEqual(refusal("last-owner"));
    const disabled = await member("dora@acme.example", "tenant-owner");
    await changeUser(ports)(owner(), { userId: disabled, status: "disabled" });
    for (const attempt of away) await expect(attempt()).rejects.toEqual(refusal("last-owner"));

    for (let round = 0; round < 10; round++) {
      const other = await member(`otto${round}@acme.example`, "tenant-owner");
      const done = await Promise.allSettled([
        changeUser(ports)(owner(), { userId: other, roles: ["tenant-admin"] }),
        changeUser(ports)(as("tenant-owner", other), { userId, roles: ["tenant-admin"] }),
      ]);
      const owners = await ports.members.ownersOf(tenant);
      expect([round, owners.length]).toEqual([round, 1]);
      expect(done.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      if (owners[0]?.user_id !== userId) {
        await changeUser(ports)(as("tenant-owner", other), { userId, roles: ["tenant-owner"] });
        await changeUser(ports)(owner(), { userId: other, roles: ["tenant-admin"] });
      }
    }
  });

  test("is on one page only of a list", async () => {
    for (const name of ["a", "b", "c", "d"]) await member(`${name}@acme.example`, "tenant-viewer");
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { items, next }: Awaited<ReturnType<ReturnType<typeof listUsers>>> = await listUsers(ports)(owner(), {
        limit: 2,
        after,
      });
      seen.push(...items.map(({ email }) => email ?? ""));
      after = next;
    } while (after !== null);
    expect(seen).toEqual(["a", "b", "c", "d", "olga"].map((name) => `${name}@acme.example`));
  });
});

describe("a tenant's own role", () => {
  test("is made of what its maker holds, and a change of it makes another epoch of the tenant", async () => {
    const profiles = dynamoProfiles(engine.documents, table);
    const put = putRole(ports);
    expect(await put(owner(), { name: "helper", permissions: ["usage:read", "usage:read"] })).toMatchObject({
      permissions: ["usage:read"],
    });
    expect(await profiles.organizationOf(tenant)).toMatchObject({
      epoch: 1,
      roles: [{ name: "helper", permissions: ["usage:read"] }],
    });
    const some = {
      ...owner(),
      actor: { ...owner().actor, permissions: new Set(["roles:manage", "usage:read"] as const) },
    };
    await expect(put(some, { name: "helper", permissions: ["roles:manage", "users:manage"] })).rejects.toEqual(
      refusal("role-beyond-own"),
    );
    await put(owner(), { name: "boss", permissions: ["users:manage"] });
    await expect(put(some, { name: "boss", permissions: ["usage:read"] })).rejects.toEqual(refusal("role-beyond-own"));
    await expect(deleteRole(ports)(some, { name: "boss" })).rejects.toEqual(refusal("role-beyond-own"));
    expect((await listRoles(ports)(owner())).map(({ name }) => name)).toEqual([
      "tenant-owner",
      "tenant-admin",
      "tenant-member",
      "tenant-viewer",
      "boss",
      "helper",
    ]);
    await inviteUser(ports)(owner(), { email: "mia@acme.example", roles: ["helper"] });
    await deleteRole(ports)(owner(), { name: "helper" });
    await expect(deleteRole(ports)(owner(), { name: "helper" })).rejects.toEqual(refusal("role-not-found"));
    expect(await profiles.organizationOf(tenant)).toMatchObject({ epoch: 3 });
  });

  test("is one of twenty at most", async () => {
    const put = (at: number) => putRole(ports)(owner(), { name: `role-${at}`, permissions: ["usage:read"] });
    for (let at = 0; at < maxCustomRoles; at++) await put(at);
    await expect(put(maxCustomRoles)).rejects.toEqual(refusal("quota-used-up"));
    await put(0);
  });
});
