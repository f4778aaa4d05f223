import { Instant } from "@tenantry/core/time";
import { MeterDefinition, MeterName } from "@tenantry/core/usage/meters";
import { usageWindows } from "@tenantry/core/usage/window";
import { z } from "zod";
import { instantExample, pageQuery, tenantIdExample, TenantId } from "./common.ts";

export { usageWindows };

const moment = (description: string, example: string) =>
  z
    .union(
      [z.iso.date(), z.iso.datetime({ offset: true })],
      "must be a date or an instant, such as 2026-11-20T13:00:00Z",
    )
    .meta({ description, example });

export const UsageQuery = z.strictObject({
  metric: z.string().min(1).max(64).meta({ description: "The meter to read, by its name.", example: "api_calls" }),
  from: moment("The first moment: a date (its midnight, UTC) or an instant.", "2026-11-01"),
  to: moment("The first moment after: a date or an instant. At most 400 days after `from`.", "2026-12-01"),
  window: z.enum(usageWindows).meta({ description: "How long a bucket is, in UTC.", example: "day" }),
  group_by: z
    .string()
    .regex(/^[a-z0-9_]+(,[a-z0-9_]+){0,5}$/, "must be names of dimensions, joined by commas")
    .optional()
    .meta({
      description: "Dimensions of the meter, joined by commas: one group for each combination of their values.",
    }),
});
export type UsageQuery = z.infer<typeof UsageQuery>;

const { from, to, ...ofAnyTime } = UsageQuery.shape;

/** Usage of many tenants: of a month, or of a range as that of one tenant. */
export const ListUsageQuery = z
  .strictObject({
    ...ofAnyTime,
    from: from.optional(),
    to: to.optional(),
    month: z
      .string()
      .regex(/^\d{4}-(0[1-9]|1[0-2])$/, "must be a month, such as 2026-11")
      .optional()
      .meta({ description: "A month in UTC, in place of `from` and `to`.", example: "2026-11" }),
    ...pageQuery,
  })
  .refine((query) => (query.month === undefined) === (query.from !== undefined), {
    path: ["month"],
    message: "must be given, or else from and to",
  })
  .refine((query) => (query.from === undefined) === (query.to === undefined), {
    path: ["to"],
    message: "must be given with from",
  });
export type ListUsageQuery = z.infer<typeof ListUsageQuery>;

export const UsageBucket = z.strictObject({
  start: Instant,
  end: Instant.meta({ description: "The first moment after the bucket." }),
  value: z
    .string()
    .regex(/^-?\d+(\.\d{1,6})?$/)
    .meta({ description: "An exact decimal; 0 where nothing was counted." }),
  count: z.int().min(0).meta({ description: "How many events it is the fold of; of a unique meter, how many users." }),
  final: z.boolean().meta({ description: "Whether no event can change it any more." }),
});
export type UsageBucket = z.infer<typeof UsageBucket>;

const buckets = z.array(UsageBucket).readonly();

export const UsageGroup = z.strictObject({
  dimensions: z.record(z.string(), z.string()).meta({ description: "What its events have in common." }),
  buckets,
});

export const TenantUsage = z
  .strictObject({
    tenant_id: TenantId,
    metric: MeterName,
    unit: z.string(),
    window: z.enum(usageWindows),
    buckets: buckets.optional().meta({ description: "Without `group_by`: all usage." }),
    groups: z.array(UsageGroup).readonly().optional().meta({ description: "With `group_by`: those with any usage." }),
    as_of: Instant.meta({ description: "When this was read: what had been counted by then is in it." }),
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

export const Meter = MeterDefinition.safeExtend({ name: MeterName }).meta({
  id: "Meter",
  description: "What a meter's events measure, and how they become one number.",
  example: {
    name: "api_calls",
    unit: "call",
    aggregation: "sum",
    decimals: 6,
    dimensions: [{ name: "region" }],
    cardinality_limit: 100,
  },
});

export const MeterBody = MeterDefinition.meta({ id: "MeterDefinition", description: "A meter without its name." });
