import { describe, expect, test } from "vitest";
import { type TenantStatus, tenantStatuses } from "../tenant/tenant.ts";
import { activateTenant } from "./activate-tenant.ts";
import { beginCompensation } from "./begin-compensation.ts";
import { failOnboarding } from "./fail-onboarding.ts";
import { finishOnboarding } from "./finish-onboarding.ts";
import { notifyOwner } from "./notify-owner.ts";
import { provisionDatabase } from "./provision-database.ts";
import { provisionIdentity } from "./provision-identity.ts";
import { provisionNamespace } from "./provision-namespace.ts";
import { provisionStorage } from "./provision-storage.ts";
import { releaseDatabase } from "./release-database.ts";
import { releaseIdentity } from "./release-identity.ts";
import { releaseNamespace } from "./release-namespace.ts";
import { releaseStorage } from "./release-storage.ts";
import { aTenant, at, ids, perform, run, world } from "./testing.ts";
import { validateTenant } from "./validate-tenant.ts";

const planes = [
  ["ProvisionDatabase", provisionDatabase],
  ["ProvisionStorage", provisionStorage],
  ["ProvisionIdentity", provisionIdentity],
  ["ProvisionNamespace", provisionNamespace],
] as const;

const provisioned = async () => {
  const it = world();
  for (const [step, provision] of planes) await perform(it.ports, step, provision);
  return it;
};

test("onboarding makes every plane, activates the tenant and ends the operation", async () => {
  const it = world();
  await validateTenant(it.ports)(run);
  for (const [step, provision] of planes) await perform(it.ports, step, provision);
  await activateTenant(it.ports)(run);
  await notifyOwner(it.ports)(run);
  expect(it.operation().status).not.toBe("succeeded");
  await finishOnboarding(it.ports)(run);

  expect(it.tenant()).toMatchObject({
    status: "active",
    resources: {
      database: { name: "tenant_acme_corp", role: "tenant_acme_corp" },
      storage: {
        prefix: "tenants/tenant-acme-corp/",
        objects: ["tenants/tenant-acme-corp/uploads/.keep", "tenants/tenant-acme-corp/exports/.keep"],
      },
      identity: { owner_email: "owner@acme.example", owner_user_id: "sub-1", usage_key_id: "usage-key" },
      namespace: { cluster: "cluster", name: "tenant-acme-corp" },
    },
  });
  expect(it.operation().status).toBe("succeeded");
  expect(it.state.memberships).toEqual([
    expect.objectContaining({ user_id: "sub-1", tenant_id: ids.tenant, roles: ["tenant-owner"] }),
  ]);
});

test("a step that runs twice changes nothing the second time", async () => {
  const it = await provisioned();
  const first = it.tenant();
  for (const [step, provision] of planes) await perform(it.ports, step, provision);
  expect(it.tenant()).toEqual(first);
  expect(it.state.memberships).toHaveLength(1);

  await activateTenant(it.ports)(run);
  await activateTenant(it.ports)(run);
  expect(it.state.commits.flatMap((commit) => commit.events.map((event) => event.type))).toEqual([
    "tenant.activated.v1",
  ]);
});

describe("nothing is made for a tenant that is not being onboarded", () => {
  const others = tenantStatuses.filter(
    (status): status is Exclude<TenantStatus, "provisioning"> => status !== "provisioning",
  );
  test.for(others.flatMap((status) => planes.map(([step, provision]) => ({ status, step, provision }))))(
    "$status, $step",
    async ({ status, provision }) => {
      const it = world(aTenant({ status }));
      await expect(provision(it.ports)(run)).rejects.toMatchObject({ name: "TenantNotProvisioning" });
      expect(Object.values(it.asked).flat()).toEqual([]);
    },
  );
});

describe("validation", () => {
  test.for([
    ["a tenant that is not there", null, "TenantNotFound"],
    ["a suspended tenant", aTenant({ status: "suspended" }), "TenantNotProvisioning"],
    ["a tier that is no more", aTenant({ tier: "platinum" as "premium" }), "TierUnknown"],
    ["a tier from Object's prototype", aTenant({ tier: "constructor" as "premium" }), "TierUnknown"],
    ["a slug with SQL", aTenant({ slug: 'x"; drop database postgres; --' }), "SlugUnlawful"],
    ["a slug that climbs", aTenant({ slug: "../other" }), "SlugUnlawful"],
    ["a slug with an underscore", aTenant({ slug: "acme_corp" }), "SlugUnlawful"],
    ["a slug that begins with a hyphen", aTenant({ slug: "-acme" }), "SlugUnlawful"],
    ["a slug that is too long", aTenant({ slug: "a".repeat(57) }), "SlugUnlawful"],
    ["an empty slug", aTenant({ slug: "" }), "SlugUnlawful"],
  ] as const)("refuses %s", async ([, tenant, name]) => {
    await expect(validateTenant(world(tenant).ports)(run)).rejects.toMatchObject({ name });
  });

  test.for(["a", "acme-corp", "t-1x2b9k0q", "a".repeat(56)])("takes the slug %s", async (slug) => {
    await expect(validateTenant(world(aTenant({ slug })).ports)(run)).resolves.toBeUndefined();
  });
});

describe("activation", () => {
  test("is refused while a plane is missing, and says which", async () => {
    const it = world();
    await perform(it.ports, "ProvisionStorage", provisionStorage);
    await expect(activateTenant(it.ports)(run)).rejects.toMatchObject({
      name: "PlaneMissing",
      message: "Nothing was recorded for the tenant's database and identity and namespace.",
    });
    expect(it.tenant().status).toBe("provisioning");
  });

  test("commits its audit entry and event with the change", async () => {
    const it = await provisioned();
    await activateTenant(it.ports)(run);
    expect(it.state.commits).toEqual([
      {
        audit: expect.objectContaining({
          actor: "system:onboard-tenant",
          action: "tenant.activate",
          tenant_id: ids.tenant,
          request_id: "req-1",
          before: { status: "provisioning" },
          after: { status: "active" },
        }),
        events: [
          expect.objectContaining({
            type: "tenant.activated.v1",
            subject: ids.tenant,
            data: {
              tenant_id: ids.tenant,
              operation_id: ids.operation,
              name: "Acme Corp",
              slug: "acme-corp",
              tier: "premium",
            },
          }),
        ],
      },
    ]);
  });
});

describe("failure", () => {
  const failure = {
    Error: "NameTaken",
    Cause: JSON.stringify({ errorType: "NameTaken", errorMessage: "ProvisionDatabase: The role exists.", trace: [] }),
  };
  const error = { code: "NameTaken", message: "The role exists." };
  const releases = [
    ["ReleaseNamespace", releaseNamespace],
    ["ReleaseIdentity", releaseIdentity],
    ["ReleaseStorage", releaseStorage],
    ["ReleaseDatabase", releaseDatabase],
  ] as const;

  /** As the edge of the tasks does it. */
  const takeBack = async (it: ReturnType<typeof world>, left: readonly string[] = []) => {
    for (const [name, release] of releases) {
      if (left.includes(name)) {
        await it.ports.operations.startStep(ids.operation, name, at);
        await it.ports.operations.endStep(ids.operation, name, at, { error: { code: "AccessDenied", message: "No." } });
        continue;
      }
      await perform(it.ports, name, release);
    }
  };

  test("is told by the operation and keeps the tenant from being activated, before anything is taken back", async () => {
    const it = await provisioned();
    await beginCompensation(it.ports)({ ...run, failure });
    await beginCompensation(it.ports)({ ...run, failure: { Error: "States.Timeout", Cause: "" } });
    expect(it.tenant().status).toBe("failed");
    expect(it.operation()).toMatchObject({
      status: "compensating",
      ended_at: null,
      error: { step: "ProvisionDatabase", ...error },
    });
    await activateTenant(it.ports)(run).catch(() => undefined);
    expect(it.tenant().status).toBe("failed");
  });

  test("takes everything back and leaves an empty inventory, once, with the step and the reason", async () => {
    const it = await provisioned();
    await beginCompensation(it.ports)({ ...run, failure });
    await takeBack(it);
    await failOnboarding(it.ports)(run);
    await failOnboarding(it.ports)(run);
    expect(it.released).toMatchObject({
      databases: [ids.tenant],
      storage: [ids.tenant],
      users: [ids.tenant],
      usageKeys: [ids.tenant],
      cluster: [ids.tenant],
    });
    expect(it.tenant()).toMatchObject({ status: "failed", resources: {} });
    expect(it.operation()).toMatchObject({ status: "failed", error: { step: "ProvisionDatabase", ...error } });
    expect(it.operation().ended_at).not.toBeNull();
    expect(it.state.commits.flatMap((commit) => commit.events)).toEqual([
      expect.objectContaining({
        type: "tenant.onboarding_failed.v1",
        data: { tenant_id: ids.tenant, operation_id: ids.operation, step: "ProvisionDatabase", error },
      }),
    ]);
  });

  test("says exactly what remains where something could not be taken back", async () => {
    const it = await provisioned();
    await beginCompensation(it.ports)({ ...run, failure });
    await takeBack(it, ["ReleaseStorage"]);
    await failOnboarding(it.ports)(run);
    expect(it.operation().status).toBe("compensation_failed");
    expect(it.operation().compensation.filter(({ status }) => status !== "succeeded")).toEqual([
      expect.objectContaining({ name: "ReleaseStorage", error: { code: "AccessDenied", message: "No." } }),
    ]);
    expect(Object.keys(it.tenant().resources)).toEqual(["storage"]);
    expect(it.state.commits.at(-1)?.events).toEqual([
      expect.objectContaining({
        type: "tenant.compensation_failed.v1",
        data: expect.objectContaining({ remains: ["ReleaseStorage"] }),
      }),
    ]);
  });

  test("does not end while a straggler may still be at work", async () => {
    const it = await provisioned();
    await beginCompensation(it.ports)({ ...run, failure });
    const flight = { id: "r", execution: ids.operation, deadline: "2026-11-20T13:46:00.000Z" };
    await it.ports.operations.startStep(ids.operation, "ReleaseStorage", at, flight);
    await expect(failOnboarding(it.ports)(run)).rejects.toMatchObject({ name: "NotReadyYet" });
    expect(it.operation().status).toBe("compensating");
  });

  test("sees what a straggler took back in the last moment", async () => {
    const it = await provisioned();
    await beginCompensation(it.ports)({ ...run, failure });
    await takeBack(it, ["ReleaseStorage"]);
    const flight = { id: "r", execution: ids.operation, deadline: "2026-11-20T13:46:00.000Z" };
    const { operations } = it.ports;
    await operations.startStep(ids.operation, "ReleaseStorage", at, flight);
    await operations.endStep(ids.operation, "ReleaseStorage", at, { error: { code: "AccessDenied", message: "No." } });
    // It ends between the two things that are asked for, whichever comes first.
    let land = async () => operations.endStep(ids.operation, "ReleaseStorage", at, { error: null, flightId: "r" });
    const then = <Args extends readonly unknown[], Result>(ask: (...args: Args) => Promise<Result>) => {
      return async (...args: Args) => {
        const answer = await ask(...args);
        await land();
        land = async () => undefined;
        return answer;
      };
    };
    const racing = {
      ...it.ports,
      operations: {
        ...operations,
        get: then((id: string) => operations.get(id)),
        inFlight: then((id: string, when: string) => operations.inFlight(id, when)),
      },
    };
    await failOnboarding(racing)(run).catch(() => failOnboarding(racing)(run));
    expect(it.operation().status).toBe("failed");
  });

  test("ends the step that could not say so itself", async () => {
    const it = world();
    await it.ports.operations.startStep(ids.operation, "ProvisionNamespace", at);
    await beginCompensation(it.ports)({ ...run, failure: { Error: "States.Timeout", Cause: "" } });
    const timeout = { code: "States.Timeout", message: "The task timed out or died before it could say why." };
    expect(it.operation().steps.find((step) => step.name === "ProvisionNamespace")).toMatchObject({
      status: "failed",
      error: timeout,
    });
    expect(it.operation().error).toEqual({ step: "ProvisionNamespace", ...timeout });
  });

  test("leaves a tenant alone that is active already", async () => {
    const it = world(aTenant({ status: "active" }));
    await expect(beginCompensation(it.ports)({ ...run, failure })).rejects.toMatchObject({ name: "OperationMovedOn" });
    for (const [, release] of releases)
      await expect(release(it.ports)(run)).rejects.toMatchObject({ name: "TenantNotReleasable" });
    expect(it.tenant().status).toBe("active");
    expect(it.state.commits).toEqual([]);
  });
});
