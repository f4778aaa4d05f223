import { Instant } from "@tenantry/core/time";
import { foldedMeters } from "@tenantry/core/usage/meters";
import { z } from "zod";
import { instantExample, tenantIdExample, TenantId } from "./common.ts";

export const usageWindows = ["hour", "day", "month"] as const;

const moment = (description: string, example: string) =>
  z
    .union(
      [z.iso.date(), z.iso.datetime({ offset: true })],
      "must be a date or an instant, such as 2026-11-20T13:00:00Z",
    )
    .meta({ description, example });

export const TenantUsageQuery = z.strictObject({
  metric: z.enum(foldedMeters).meta({ description: "The meter to read.", example: "api_calls" }),
  from: moment("The first moment: a date (its midnight, UTC) or an instant.", "2026-11-01"),
  to: moment("The first moment after: a date or an instant. At most 400 days after `from`.", "2026-12-01"),
  window: z.enum(usageWindows).meta({ description: "How long a bucket is, in UTC.", example: "day" }),
});
export type TenantUsageQuery = z.infer<typeof TenantUsageQuery>;

export const UsageBucket = z.strictObject({
  start: Instant,
  end: Instant.meta({ description: "The first moment after the bucket." }),
  value: z
    .string()
    .regex(/^-?\d+(\.\d{1,6})?$/)
    .meta({ description: "An exact decimal." }),
  count: z.int().min(0).meta({ description: "How many events it is the fold of." }),
  final: z.boolean().meta({ description: "Whether no event can change it any more." }),
});
export type UsageBucket = z.infer<typeof UsageBucket>;

export const TenantUsage = z
  .strictObject({
    tenant_id: TenantId,
    metric: z.enum(foldedMeters),
    unit: z.string(),
    window: z.enum(usageWindows),
    buckets: z.array(UsageBucket),
    as_of: Instant.meta({ description: "When this was read." }),
  })
  .meta({
    id: "TenantUsage",
    description: "Usage of one meter over time, in buckets.",
    example: {
      tenant_id: tenantIdExample,
      metric: "api_calls",
      unit: "call",
      window: "day",
      buckets: [
        {
          start: "2026-11-20T00:00:00.000Z",
          end: "2026-11-21T00:00:00.000Z",
          value: "1204.5",
          count: 1203,
          final: false,
        },
      ],
      as_of: instantExample,
    },
  });
export type TenantUsage = z.infer<typeof TenantUsage>;
