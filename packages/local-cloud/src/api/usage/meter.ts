import type { Collection } from "../../store.ts";
import type { UsagePlan } from "./model.ts";

/** What becomes of one request under a plan. */
export type Outcome = "admitted" | "THROTTLED" | "QUOTA_EXCEEDED";

export type Meter = {
  admit(plan: UsagePlan, keyId: string): Outcome;
  /** Requests that were admitted on a day, such as `2026-11-20`, or in a month, such as `2026-11`. */
  used(planId: string, keyId: string, period: string): number;
  forget(keyId: string): void;
};

/**
 * Counts requests by plan and key. The rate is a token bucket that holds `burstLimit` and is filled with `rateLimit` a
 * second; the quota a count of the UTC day or month, which outlives a restart. What the rate refuses takes nothing of
 * the quota.
 */
export const createMeter = (counts: Collection<number>, now: () => number = Date.now): Meter => {
  const buckets = new Map<string, { tokens: number; at: number }>();

  const throttled = ({ id, throttle }: UsagePlan, keyId: string): boolean => {
    if (throttle === undefined) return false;
    const name = `${keyId}/${id}`;
    const { tokens, at } = buckets.get(name) ?? { tokens: throttle.burstLimit, at: now() };
    const filled = Math.min(throttle.burstLimit, tokens + ((now() - at) / 1000) * throttle.rateLimit);
    buckets.set(name, { tokens: filled < 1 ? filled : filled - 1, at: now() });
    return filled < 1;
  };

  const keyOf = (planId: string, keyId: string, period: string): string => `${keyId}/${planId}/${period}`;

  return {
    admit(plan, keyId) {
      if (throttled(plan, keyId)) return "THROTTLED";
      const today = new Date(now()).toISOString();
      const day = keyOf(plan.id, keyId, today.slice(0, 10));
      const month = keyOf(plan.id, keyId, today.slice(0, 7));
      const [ofDay, ofMonth] = [counts.get(day) ?? 0, counts.get(month) ?? 0];
      if (plan.quota !== undefined && (plan.quota.period === "DAY" ? ofDay : ofMonth) >= plan.quota.limit)
        return "QUOTA_EXCEEDED";
      counts.put(day, ofDay + 1);
      counts.put(month, ofMonth + 1);
      return "admitted";
    },
    used: (planId, keyId, period) => counts.get(keyOf(planId, keyId, period)) ?? 0,
    forget(keyId) {
      for (const { key } of counts.list(`${keyId}/`)) counts.delete(key);
      for (const key of buckets.keys()) if (key.startsWith(`${keyId}/`)) buckets.delete(key);
    },
  };
};
