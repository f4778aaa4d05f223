import type { Clock, Registry } from "../ports.ts";

/** What the registry says of an event's tenant. */
export type Standing = "known" | "unknown" | "deleted";

const keepMs = 5 * 60_000;
const keepAtMost = 20_000;

/** Answers at once for who was asked about lately. */
export type StandingOf = (tenantId: string) => Standing | Promise<Standing>;

/**
 * Looks tenants up once in five minutes. Only tenants that exist are remembered: one that is unknown now may be
 * registered before its next event.
 */
export const tenantCheck = (registry: Pick<Registry, "getTenant">, clock: Clock): StandingOf => {
  const seen = new Map<string, number>();
  const ask = async (tenantId: string, now: number): Promise<Standing> => {
    const tenant = await registry.getTenant(tenantId);
    if (tenant === null) return "unknown";
    if (tenant.status === "deleted") return "deleted";
    if (seen.size >= keepAtMost) seen.clear();
    seen.set(tenantId, now);
    return "known";
  };
  return (tenantId) => {
    const now = clock().getTime();
    const at = seen.get(tenantId);
    return at !== undefined && now - at < keepMs ? "known" : ask(tenantId, now);
  };
};
