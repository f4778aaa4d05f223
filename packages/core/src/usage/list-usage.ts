import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest, Registry } from "../ports.ts";
import { Problem } from "../problem.ts";
import { concurrently } from "./concurrently.ts";
import { type TenantUsage, tenantUsage, type UsageRequest } from "./get-tenant-usage.ts";
import { type ReadUsagePorts, readUsage } from "./read.ts";
import { bucketsOf, parseRange } from "./window.ts";

/** Of a month, `2026-11`, or of a range. */
export type ListUsage = Omit<UsageRequest, "from" | "to"> &
  ({ readonly month: string } | Pick<UsageRequest, "from" | "to">);

export type ListUsagePorts = ReadUsagePorts & { readonly registry: Pick<Registry, "listTenants"> };

/** Tenants read at a time. */
const width = 16;

/** Buckets on one page, so that it stays below the 6 MB that a function may answer with. */
export const mostBuckets = 20_000;

/**
 * One meter of all tenants, the newest tenant first.
 *
 * @throws Problem `invalid-request` for an unknown metric or dimension, `invalid-usage-window`
 */
export const listUsage =
  (ports: ListUsagePorts) =>
  async (ctx: Context, input: ListUsage, page: PageRequest): Promise<Page<TenantUsage>> => {
    authorise(ctx, "usage:read");
    const range = parseRange("month" in input ? endsOf(input.month) : input);
    if (bucketsOf(range, input.window).length * page.limit > mostBuckets) {
      const detail = `must leave at most ${mostBuckets} buckets on a page: ask for fewer tenants or a longer window`;
      throw new Problem("invalid-usage-window", `The window ${detail}.`, {
        errors: [{ pointer: "query:window", detail }],
      });
    }
    const { items: tenants, next } = await ports.registry.listTenants({}, page);
    const usage = new Map<string, TenantUsage>();
    const read = readUsage(ports);
    const failures = await concurrently(tenants, width, async ({ id }) => {
      usage.set(id, await tenantUsage(read, id, range, input));
    });
    if (failures[0] !== undefined) throw failures[0].error;
    return { items: tenants.flatMap(({ id }) => usage.get(id) ?? []), next };
  };

/** The ends of a month. */
const endsOf = (month: string): Pick<UsageRequest, "from" | "to"> => {
  const [year = "", number = ""] = month.split("-");
  const following = new Date(Date.UTC(Number(year), Number(number), 1)).toISOString().slice(0, 10);
  return { from: `${month}-01`, to: following };
};
