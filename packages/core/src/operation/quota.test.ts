import { expect, test } from "vitest";
import { platformOrg, permissions } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { failOnboarding } from "../provisioning/fail-onboarding.ts";
import { aTenant, at, ids, run, world } from "../provisioning/testing.ts";
import { claimOf, type QuotaLimits } from "../tenant/quota.ts";
import { memoryMakings, take } from "../testing/memory.ts";
import { pendingCompensation } from "./begin.ts";
import { retryOperation } from "./retry.ts";

const admin: Context = {
  actor: { id: "sub", email: "admin@platform.example", orgId: platformOrg, permissions: new Set(permissions) },
  requestId: "req",
};
const input = { operationId: ids.operation };
const tier = "premium";

/** A premium tenant whose onboarding is being taken back; `left` could not be. */
const compensating = (left: readonly string[] = []) => {
  const it = world(aTenant({ tier, status: "failed" }));
  take(it.state.quotas, claimOf(tier, {}));
  const compensation = pendingCompensation().map((step) => ({
    ...step,
    status: left.includes(step.name) ? ("failed" as const) : ("succeeded" as const),
  }));
  it.state.operations.set(ids.operation, { ...it.operation(), status: "compensating", compensation });
  const ports = {
    ...it.ports,
    makings: memoryMakings(it.state),
    clock: () => new Date(at),
    workflows: { start: async () => {}, stop: async () => {}, look: async () => "running" as const },
  };
  return {
    ...it,
    end: () => failOnboarding(it.ports)(run),
    retry: (limits: QuotaLimits = {}) => retryOperation(ports, () => limits)(admin, input),
    taken: () => Object.fromEntries(it.state.quotas),
  };
};

test("an onboarding that was taken back takes nothing of the quotas, and its retry takes it again", async () => {
  const it = compensating();
  const before = it.taken();
  expect(before).toMatchObject({ db_clusters: 1, secrets: 2, premium_tenants: 1 });
  await it.end();
  await it.end();
  expect(it.operation().status).toBe("failed");
  expect(new Set(Object.values(it.taken()))).toEqual(new Set([0]));
  await it.retry();
  expect(it.taken()).toEqual(before);
});

test("what could not be taken back goes on taking its part", async () => {
  const it = compensating(["ReleaseDatabase"]);
  await it.end();
  expect(it.operation().status).toBe("compensation_failed");
  expect(it.taken()).toMatchObject({ db_clusters: 1 });
});

test("a retry is refused, with all reasons, while there is no room for the tenant", async () => {
  const it = compensating();
  await it.end();
  await expect(it.retry({ db_clusters: 1, user_pools: 1 })).rejects.toMatchObject({
    code: "quota-used-up",
    errors: [
      { pointer: "/tier", detail: expect.stringContaining("Cognito user pools") },
      { pointer: "/tier", detail: expect.stringContaining("Aurora clusters") },
    ],
  });
  expect([it.operation().status, it.tenant().status]).toEqual(["failed", "failed"]);
});

test("a retry is refused when its tier no longer offers what the tenant was promised", async () => {
  const it = compensating();
  await it.end();
  const tenant = it.tenant();
  it.state.tenants.set(tenant.id, { ...tenant, tier: "trial", config: { ...tenant.config, features: ["sso"] } });
  await expect(it.retry()).rejects.toMatchObject({
    code: "state-conflict",
    errors: [{ pointer: "/config/features/0", detail: "sso is not part of the tier trial" }],
  });
});
