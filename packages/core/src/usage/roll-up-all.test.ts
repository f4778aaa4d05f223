import { expect, test } from "vitest";
import { aTenant } from "../provisioning/testing.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { periodOf } from "./period.ts";
import { rollUpAll } from "./roll-up-all.ts";

const hourMs = 3_600_000;
const yesterday = periodOf("day", Date.parse("2026-11-20T05:00:00Z") / hourMs);

/** Rolls up for these tenants, who used nothing. @returns whom, and which days. */
const rolled = async (tenants: readonly Partial<Tenant>[], now = "2026-11-21T05:15:00Z") => {
  const saved: [tenantId: string, from: number][] = [];
  const ports = {
    registry: { listTenants: async () => ({ items: tenants.map(aTenant), next: null }) },
    usage: {
      hours: async () => [],
      users: async () => [],
      marks: async () => [],
      rollUps: async () => [],
    },
    rollUps: {
      save: async (tenantId: string, { from }: { from: number }) => {
        saved.push([tenantId, from]);
        return true;
      },
    },
    meters: { list: async () => [] },
    clock: () => new Date(now),
  };
  expect(await rollUpAll(ports)()).toEqual({ rolled: saved.length, errors: [] });
  return saved;
};

const active = { status: "active", created_at: "2026-11-20T23:59:59.000Z" } as const;

test("yesterday is rolled up for whoever was there then", async () => {
  const tenants = [
    { ...active, id: "ten_there" },
    { ...active, id: "ten_suspended", status: "suspended" as const },
    { ...active, id: "ten_new", created_at: "2026-11-21T00:00:00.000Z" },
  ];
  expect(await rolled(tenants)).toEqual([
    ["ten_there", yesterday.from],
    ["ten_suspended", yesterday.from],
  ]);
});

test("nothing is written of a tenant that is on its way or came to nothing", async () => {
  const tenants = (["provisioning", "failed", "active"] as const).map((status) => ({ ...active, id: status, status }));
  expect(await rolled(tenants)).toEqual([["active", yesterday.from]]);
});
