import type { OracleEvent } from "@tenantry/core/usage/testing/oracle";
import { poll, send } from "../api.ts";
import type { Ready } from "../app.ts";

const dayMs = 86_400_000;

/** Waits until as many events are counted as should be, as far as that can be told: users count once. */
export const settle = async (
  ready: Ready,
  token: string,
  { tenants, counted }: { readonly tenants: readonly string[]; readonly counted: readonly OracleEvent[] },
  milliseconds: number,
): Promise<void> => {
  const metrics = [...new Set(counted.map(({ metric }) => metric))];
  const wanted = tenants.flatMap((tenantId) =>
    metrics.map((metric) => {
      const events = counted.filter((event) => event.tenantId === tenantId && event.metric === metric);
      return { tenantId, metric, count: events.length };
    }),
  );
  let left = wanted.filter(({ metric }) => !metric.includes("unique"));
  const query = String(
    new URLSearchParams({
      from: new Date(Date.now() - 36 * dayMs).toISOString(),
      to: new Date(Date.now() + dayMs).toISOString(),
      window: "month",
    }),
  );
  const look = async () => {
    for (const each of left) {
      const path = `/admin/tenants/${each.tenantId}/usage?${query}&metric=${each.metric}`;
      const { body } = await send(ready, "GET", path, { token });
      const buckets = (body.buckets ?? []) as { count: number }[];
      const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
      if (count < each.count) return `${each.tenantId} ${each.metric}: ${count} of ${each.count}`;
      left = left.filter((other) => other !== each);
    }
    return undefined;
  };
  const lacking = await poll(look, (answer) => answer === undefined, milliseconds);
  if (lacking !== undefined) throw new Error(`Not counted in time: ${lacking}.`);
};
