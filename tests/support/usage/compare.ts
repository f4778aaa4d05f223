import type { Meter } from "@tenantry/core/usage/meters";
import { oracle, type OracleEvent } from "@tenantry/core/usage/testing/oracle";
import { send } from "../api.ts";
import type { Ready } from "../app.ts";

export type Mismatch = {
  readonly query: string;
  readonly group: string;
  readonly expected: string;
  readonly found: string;
};

export type Comparison = { readonly buckets: number; readonly mismatches: readonly Mismatch[] };

const hourMs = 3_600_000;

type Bucket = { value: string; count: number };
type Group = { dimensions: Record<string, string>; buckets: Bucket[] };

const written = ({ value, count }: Bucket) => `${value} of ${count}`;

/** Hours are folded into days, so it is days and months that are asked for in every way. */
const groupings = (window: string): string[][] =>
  window === "hour" ? [["plan", "region"]] : [[], ["plan"], ["region"], ["plan", "region"]];

/** Asks the API for every meter, window and grouping of every tenant, and compares each bucket with the naive fold. */
export const compare = async (
  ready: Ready,
  token: () => Promise<string>,
  options: {
    readonly tenants: readonly string[];
    readonly meters: readonly Meter[];
    readonly counted: readonly OracleEvent[];
  },
): Promise<Comparison> => {
  const end = Math.floor(Date.now() / hourMs) + 1;
  const [from, to] = [end - 36 * 24, end + 1];
  const mismatches: Mismatch[] = [];
  let buckets = 0;
  for (const tenantId of options.tenants) {
    const ofTenant = options.counted.filter((event) => event.tenantId === tenantId);
    for (const meter of options.meters) {
      const events = ofTenant.filter(({ metric }) => metric === meter.name);
      for (const window of ["hour", "day", "month"] as const) {
        for (const groupBy of groupings(window)) {
          const query = String(
            new URLSearchParams({
              metric: meter.name,
              from: new Date(from * hourMs).toISOString(),
              to: new Date(to * hourMs).toISOString(),
              window,
              ...(groupBy.length > 0 ? { group_by: groupBy.join(",") } : {}),
            }),
          );
          const { status, body, text } = await send(ready, "GET", `/admin/tenants/${tenantId}/usage?${query}`, {
            token: await token(),
          });
          if (status !== 200) throw new Error(`${query}: ${status} ${text}`);
          const groups = (body.groups ?? [{ dimensions: {}, buckets: body.buckets }]) as Group[];
          const found = new Map(groups.map((group) => [JSON.stringify(group.dimensions), group.buckets.map(written)]));
          const expected = new Map(
            Object.entries(oracle(events, { meter, from, to, window, groupBy, now: Date.parse(body.as_of as string) })),
          );
          for (const group of new Set([...found.keys(), ...expected.keys()])) {
            const [is, ought] = [found.get(group) ?? [], expected.get(group) ?? []];
            for (let at = 0; at < Math.max(is.length, ought.length); at++) {
              buckets++;
              if (is[at] === ought[at]) continue;
              mismatches.push({
                query: `${tenantId} ${query}`,
                group: `${group} ${at}`,
                expected: ought[at] ?? "nothing",
                found: is[at] ?? "nothing",
              });
            }
          }
        }
      }
    }
  }
  return { buckets, mismatches };
};
