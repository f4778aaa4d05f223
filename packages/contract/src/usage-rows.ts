import type { Row } from "./define.ts";
import type { TenantUsage } from "./schemas/usage.ts";

/** Usage as a table: a row for each bucket, of each group where there are some. */
export const usageRows = ({ tenant_id, metric, unit, window, buckets, groups, as_of }: TenantUsage): Row[] =>
  (groups ?? [{ dimensions: {}, buckets: buckets ?? [] }]).flatMap((group) =>
    group.buckets.map(({ start, end, value, count, final }) => ({
      tenant_id,
      metric,
      ...(groups === undefined ? {} : { dimensions: group.dimensions }),
      window,
      start,
      end,
      value,
      unit,
      count,
      final,
      as_of,
    })),
  );
