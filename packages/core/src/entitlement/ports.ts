import type { BillingPorts } from "../billing/ports.ts";
import type { Commit } from "../ports.ts";
import type { Standing } from "./standing.ts";

/** How tenants stand with their quotas. */
export interface Standings {
  /** Sees every finished write. */
  get(tenantId: string): Promise<Standing | null>;
  /** A look that may lag by a moment, and gives up after half a second. */
  peek(tenantId: string): Promise<Standing | null>;
  /** Writes the standing if the stored one has the revision before, or none is stored and it is the first. */
  save(standing: Standing, commit: Commit): Promise<boolean>;
}

export type EntitlementPorts = Pick<BillingPorts, "registry" | "meterNames" | "readUsage" | "clock" | "newId"> & {
  readonly standings: Standings;
};
