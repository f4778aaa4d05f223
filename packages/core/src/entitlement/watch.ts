import { systemEntry } from "../audit/entry.ts";
import type { Commit } from "../ports.ts";
import { look, resetsAt } from "./look.ts";
import type { EntitlementPorts } from "./ports.ts";
import { type Crossing, differs, judge, type Standing } from "./standing.ts";

type Ports = Pick<EntitlementPorts, "registry" | "standings" | "readUsage" | "clock" | "newId">;

const attempts = 8;

/**
 * Brings a tenant's standing up to date with its usage. What is reached for the first time in the month is told of in
 * the same transaction, so each threshold makes exactly one event, however many watch. Most looks find nothing new and
 * write nothing.
 */
export const watchQuotas =
  (ports: Ports) =>
  async (tenantId: string): Promise<{ crossed: readonly Crossing[] }> => {
    const tenant = await ports.registry.getTenant(tenantId);
    if (tenant === null) return { crossed: [] };
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { standing: before, quotas, used, month, asOf } = await look(ports)(tenant);
      const { standing, crossed } = judge(before, quotas, used, month);
      if (!differs(before, standing)) return { crossed: [] };
      const next = { ...standing, revision: before.revision + 1, updated_at: asOf.toISOString() };
      if (await ports.standings.save(next, commitOf(ports, before, next, crossed))) return { crossed };
    }
    throw new Error(`Others keep changing how ${tenantId} stands.`);
  };

const commitOf = (ports: Ports, before: Standing, after: Standing, crossed: readonly Crossing[]): Commit => {
  const audit = systemEntry(ports, {
    task: "watch-quotas",
    at: after.updated_at,
    change: {
      action: "entitlements.watch",
      tenantId: after.tenant_id,
      before: { month: before.month, exceeded: before.exceeded },
      after: { month: after.month, exceeded: after.exceeded },
    },
  });
  return { audit, events: thresholdEvents(ports, after, crossed) };
};

export const thresholdEvents = (
  ports: Pick<Ports, "newId">,
  { tenant_id, month, updated_at }: Standing,
  crossed: readonly Crossing[],
) =>
  crossed.map(({ meter, quota, threshold, limit, used }) => ({
    id: ports.newId("event"),
    type: "usage.threshold-reached.v1" as const,
    subject: tenant_id,
    time: updated_at,
    data: { tenant_id, month, meter, quota, threshold, limit, used, resets_at: resetsAt(month) },
  }));
