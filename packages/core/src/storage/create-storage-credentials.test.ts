import { expect, test } from "vitest";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { aTenant, ids } from "../provisioning/testing.ts";
import { memory, memoryRegistry } from "../testing/memory.ts";
import { type TenantStatus, tenantStatuses } from "../tenant/tenant.ts";
import {
  createOwnStorageCredentials,
  createStorageCredentials,
  type StoragePorts,
} from "./create-storage-credentials.ts";

const storage = { bucket: "data", prefix: "tenants/tenant-acme-corp/", objects: [] };
const issued = {
  access_key_id: "ASIA",
  secret_access_key: "very secret",
  session_token: "token",
  expires_at: "2026-11-20T14:45:12.123Z",
  bucket: "data",
  prefix: storage.prefix,
  region: "us-east-1",
  kms_key_arn: null,
};

const world = (status: TenantStatus = "active") => {
  const state = memory();
  state.tenants.set(ids.tenant, aTenant({ status, resources: { storage } }));
  const asked: unknown[] = [];
  const ports: StoragePorts = {
    registry: memoryRegistry(state),
    vault: { issue: async (...args) => (asked.push(args), issued) },
    clock: () => new Date("2026-11-20T13:45:12.123Z"),
    newId: (kind) => `${kind}_1`,
  };
  return { state, asked, ports };
};
const by = (orgId: string, permission = true): Context => ({
  actor: { id: "sub-1", orgId, permissions: new Set(permission ? ["storage:credentials"] : []) },
  requestId: "req-1",
});

test("credentials go to the caller, and to the audit trail goes that they went", async () => {
  for (const org of [platformOrg, ids.tenant]) {
    const it = world();
    expect(await createStorageCredentials(it.ports)(by(org), { tenantId: ids.tenant, seconds: 900 })).toEqual(issued);
    expect(it.asked).toEqual([[{ slug: "acme-corp", storage }, 900, undefined]]);
    expect(it.state.commits.map(({ audit }) => audit)).toMatchObject([
      { actor: "sub-1", action: "tenant.create-storage-credentials", tenant_id: ids.tenant, after: { seconds: 900 } },
    ]);
    expect(JSON.stringify(it.state.commits)).not.toMatch(/secret|token/);
  }
});

test.for(tenantStatuses.filter((status) => status !== "active"))("a tenant that is %s gets none", async (status) => {
  const it = world(status);
  const refused = createStorageCredentials(it.ports)(by(platformOrg), { tenantId: ids.tenant, seconds: 900 });
  await expect(refused).rejects.toMatchObject({ code: "state-conflict" });
  expect([it.asked, it.state.commits]).toEqual([[], []]);
});

test("a tenant that stops being active in between gets none", async () => {
  const it = world();
  const registry = { ...it.ports.registry, note: async () => false };
  const refused = createStorageCredentials({ ...it.ports, registry })(by(platformOrg), {
    tenantId: ids.tenant,
    seconds: 900,
  });
  await expect(refused).rejects.toMatchObject({ code: "state-conflict" });
  expect(it.asked).toEqual([]);
});

test.for([
  ["without the permission", by(platformOrg, false), ids.tenant, "forbidden"],
  ["of another tenant", by("ten_01JD00000000000000000000BB"), ids.tenant, "tenant-not-found"],
  ["for a tenant that is not there", by(platformOrg), "ten_01JD00000000000000000000BB", "tenant-not-found"],
  ["for what is no id", by(platformOrg), "../x", "tenant-not-found"],
] as const)("a caller %s gets none", async ([, ctx, tenantId, code]) => {
  const it = world();
  await expect(createStorageCredentials(it.ports)(ctx, { tenantId, seconds: 900 })).rejects.toMatchObject({ code });
  expect(it.asked).toEqual([]);
});

test("an impersonation's are as short as there are any, and reach nothing from its end on", async () => {
  const acting = (ends_at: string): Context => ({
    ...by(ids.tenant),
    actor: {
      ...by(ids.tenant).actor,
      onBehalfOf: { user_id: "sub-2", impersonation_id: "imp_1", reason: "ticket", ends_at },
    },
  });
  const it = world();
  const ends = "2026-11-20T13:45:12.124Z";
  expect(await createOwnStorageCredentials(it.ports)(acting(ends), { seconds: 3600 })).toEqual(issued);
  expect(it.asked).toEqual([[{ slug: "acme-corp", storage }, 900, ends]]);
  expect(it.state.commits[0]?.audit).toMatchObject({
    after: { seconds: 900, until: ends },
    on_behalf_of: { user_id: "sub-2", impersonation_id: "imp_1", reason: "ticket" },
  });
  for (const over of ["2026-11-20T13:45:12.123Z", "2026-11-20T13:00:00.000Z", "", "never"]) {
    const refused = createOwnStorageCredentials(it.ports)(acting(over), { seconds: 900 });
    await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  }
  expect(it.asked).toHaveLength(1);
});

test("one's own are those of one's organisation; staff have none", async () => {
  const it = world();
  expect(await createOwnStorageCredentials(it.ports)(by(ids.tenant), { seconds: 3600 })).toEqual(issued);
  const staff = createOwnStorageCredentials(it.ports)(by(platformOrg), { seconds: 3600 });
  await expect(staff).rejects.toMatchObject({ code: "forbidden" });
});
