import { setTimeout as sleep } from "node:timers/promises";
import type { OracleEvent } from "@tenantry/core/usage/testing/oracle";
import { send } from "../api.ts";
import type { Ready } from "../app.ts";

const dayMs = 86_400_000;

export type Settling = {
  readonly tenants: readonly string[];
  readonly counted: readonly OracleEvent[];
  /** How long nothing may move, in milliseconds: longer than the consumer's worst invocation. */
  readonly patience: number;
  /** Is enough, of all: for a producer that runs ahead of the consumer by so much and no more. */
  readonly enough?: number;
};

/** Events that settle waits for: users count once, so nobody can tell how many of theirs have come. */
export const countable = (counted: readonly OracleEvent[]): readonly OracleEvent[] =>
  counted.filter(({ metric }) => !metric.includes("unique"));

/**
 * Waits until as many events are counted as should be, as far as that can be told. However many there are, it goes on
 * as long as any count moves.
 *
 * @throws Error with what is lacking
 */
export const settle = async (ready: Ready, token: () => Promise<string>, options: Settling): Promise<void> => {
  const wanted = new Map<string, { readonly tenantId: string; readonly metric: string; count: number }>();
  for (const { tenantId, metric } of countable(options.counted)) {
    const name = `${tenantId} ${metric}`;
    const each = wanted.get(name) ?? { tenantId, metric, count: 0 };
    each.count++;
    wanted.set(name, each);
  }
  const query = String(
    new URLSearchParams({
      from: new Date(Date.now() - 36 * dayMs).toISOString(),
      to: new Date(Date.now() + dayMs).toISOString(),
      window: "month",
    }),
  );
  const countOf = async (tenantId: string, metric: string): Promise<number> => {
    const path = `/admin/tenants/${tenantId}/usage?${query}&metric=${metric}`;
    const { body } = await send(ready, "GET", path, { token: await token() });
    return ((body.buckets ?? []) as { count: number }[]).reduce((sum, bucket) => sum + bucket.count, 0);
  };

  const counts = new Map<string, number>();
  let moved = Date.now();
  for (let before = -1; ;) {
    const since = Date.now();
    const lacking: string[] = [];
    for (const [name, { tenantId, metric, count }] of wanted) {
      const is = counts.get(name) ?? 0;
      if (is >= count) continue;
      const now = await countOf(tenantId, metric);
      counts.set(name, now);
      if (now < count) lacking.push(`${name}: ${now} of ${count}`);
    }
    const sum = [...counts.values()].reduce((all, count) => all + count, 0);
    if (lacking.length === 0 || sum >= (options.enough ?? Number.POSITIVE_INFINITY)) return;
    if (sum !== before) moved = Date.now();
    before = sum;
    if (Date.now() - moved > options.patience)
      throw new Error(`Nothing was counted for ${options.patience / 1000} s. Lacking are ${lacking.join("; ")}.`);
    // Whoever is counted for should not be slowed by the question how far it is.
    await sleep(Math.max(100, Math.min(10_000, 4 * (Date.now() - since))));
  }
};
