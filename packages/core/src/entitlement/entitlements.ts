import { authorise } from "../access/authorise.ts";
import { auditEntry } from "../audit/entry.ts";
import { loadTenant } from "../billing/get-invoice.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { TierName } from "../tenant/tier.ts";
import { formatMicros } from "../usage/decimal.ts";
import { type Look, look, resetsAt } from "./look.ts";
import type { EntitlementPorts } from "./ports.ts";
import type { Quotas } from "./quota.ts";
import { judge } from "./standing.ts";
import { thresholdEvents } from "./watch.ts";

export type Entitlement = {
  readonly meter: string;
  /** Whose quota it is. */
  readonly source: "tier" | "override";
  readonly soft: string | null;
  readonly hard: string | null;
  readonly used: string;
  readonly status: "within" | "soft-reached" | "hard-reached";
};

export type Entitlements = {
  readonly tenant_id: string;
  readonly tier: TierName;
  readonly month: string;
  readonly resets_at: string;
  readonly entitlements: readonly Entitlement[];
  readonly as_of: string;
};

/**
 * What a tenant may use in the running month, and what it has used.
 *
 * @throws Problem `tenant-not-found`
 */
export const getEntitlements =
  (ports: Pick<EntitlementPorts, "registry" | "standings" | "readUsage" | "clock">) =>
  async (ctx: Context, { tenantId }: { tenantId: string }): Promise<Entitlements> => {
    authorise(ctx, "entitlements:read", tenantId);
    const tenant = await loadTenant(ports, tenantId);
    return shown(tenant, await look(ports)(tenant));
  };

const attempts = 8;

/**
 * Gives a tenant quotas of its own, which go before its tier's, meter by meter, and replace those it had. What they
 * mean for what is used already counts at once.
 *
 * @throws Problem `tenant-not-found`, `invalid-request` for a meter that there is not, `unavailable` when others keep
 *   changing the same tenant's.
 */
export const putEntitlements =
  (ports: EntitlementPorts) =>
  async (ctx: Context, { tenantId, quotas }: { tenantId: string; quotas: Quotas }): Promise<Entitlements> => {
    authorise(ctx, "entitlements:write", tenantId);
    const tenant = await loadTenant(ports, tenantId);
    await checkMeters(ports, quotas);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const stored = await ports.standings.get(tenant.id);
      const found = await look(ports)(tenant, quotas);
      const { standing, crossed } = judge(found.standing, found.quotas, found.used, found.month);
      const at = found.asOf.toISOString();
      const next = { ...standing, revision: standing.revision + 1, updated_at: at };
      const audit = auditEntry(ports, ctx, {
        action: "entitlements.put",
        tenantId: tenant.id,
        before: { quotas: stored?.overrides ?? {} },
        after: { quotas },
      });
      if (await ports.standings.save(next, { audit, events: thresholdEvents(ports, next, crossed) }))
        return shown(tenant, found);
    }
    throw new Problem("unavailable", "Others keep changing how this tenant stands. Try again.");
  };

const checkMeters = async (ports: Pick<EntitlementPorts, "meterNames">, quotas: Quotas): Promise<void> => {
  const known = await ports.meterNames();
  const unknown = Object.keys(quotas).filter((meter) => !known.includes(meter));
  if (unknown.length > 0)
    throw new Problem("invalid-request", `There are no meters ${unknown.join(", ")}.`, {
      errors: unknown.map((meter) => ({
        pointer: `/quotas/${meter}`,
        detail: `is no meter; there are ${known.join(", ")}`,
      })),
    });
};

const shown = (tenant: Tenant, { standing, quotas, used, month, asOf }: Look): Entitlements => {
  const { exceeded, told } = judge({ ...standing, told: [] }, quotas, used, month).standing;
  return {
    tenant_id: tenant.id,
    tier: tenant.tier,
    month,
    resets_at: resetsAt(month),
    entitlements: Object.entries(quotas).map(([meter, { soft, hard }]) => ({
      meter,
      source: Object.hasOwn(standing.overrides, meter) ? "override" : "tier",
      soft,
      hard,
      used: formatMicros(used.get(meter) ?? 0n),
      status: exceeded.some((one) => one.meter === meter)
        ? "hard-reached"
        : told.includes(`${meter}#soft#100`)
          ? "soft-reached"
          : "within",
    })),
    as_of: asOf.toISOString(),
  };
};
