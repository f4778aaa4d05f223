import type { TenantStatus } from "./tenant.ts";

/** A tenant in one of these states holds, or is about to hold, what a tier's quota limits. */
export const quotaStatuses = ["provisioning", "active", "suspended", "frozen", "offboarding"] as const;

export const countsForQuota = (status: TenantStatus): boolean =>
  (quotaStatuses as readonly TenantStatus[]).includes(status);
