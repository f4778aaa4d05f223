import { Adjustment as CoreAdjustment, adjustmentTypes } from "@tenantry/core/usage/adjustment";
import { z } from "zod";
import { instantExample, pageQuery, tenantIdExample, TenantId } from "./common.ts";

export const adjustmentIdExample = "adj_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";

const text = (most: number) => z.string().min(1).max(most);

export const CreateAdjustmentBody = z
  .strictObject({
    type: z
      .enum(adjustmentTypes)
      .meta({ description: "`adjust` adds a value; `void` takes one event out of what it counted in." }),
    tenant_id: TenantId,
    metric: text(64).meta({ description: "The meter.", example: "compute_hours" }),
    timestamp: z.iso
      .datetime({ offset: true, error: "must be an instant, such as 2026-11-20T13:45:12Z" })
      .meta({ description: "The event's, or when it was used: within the last 35 days.", example: instantExample }),
    value: z
      .string('must be a decimal in a string, such as "-12.5"')
      .regex(/^-?\d{1,13}(\.\d{1,6})?$/, "must be a decimal of at most six places, such as -12.5")
      .optional()
      .meta({ description: "Of `adjust`: what to add, not zero; less is added with a minus.", example: "-12.5" }),
    dimensions: z
      .record(text(256), text(256))
      .optional()
      .meta({ description: "Of `adjust`: the dimensions of what is adjusted." }),
    event_id: text(256).optional().meta({ description: "Of `void`: the event's id, or an adjustment's." }),
    reason: text(500)
      .refine((reason) => reason.trim() !== "", "must say why")
      .meta({ description: "Why, for whoever reads the invoice.", example: "Counted a load test of ours." }),
  })
  .check(({ value, issues }) => {
    const wanted = value.type === "adjust" ? "value" : "event_id";
    const foreign = value.type === "adjust" ? (["event_id"] as const) : (["value", "dimensions"] as const);
    const fault = (path: string, message: string) =>
      issues.push({ code: "custom", path: [path], message, input: value });
    if (value[wanted] === undefined) fault(wanted, `is needed to ${value.type}`);
    for (const name of foreign) if (value[name] !== undefined) fault(name, `does not go with ${value.type}`);
  })
  .meta({
    id: "CreateAdjustment",
    description: "A correction of usage.",
    examples: [
      {
        type: "adjust",
        tenant_id: tenantIdExample,
        metric: "compute_hours",
        timestamp: instantExample,
        value: "-12.5",
        reason: "Counted a load test of ours.",
      },
      {
        type: "void",
        tenant_id: tenantIdExample,
        metric: "compute_hours",
        timestamp: instantExample,
        event_id: "0193a1f0-7c2e-7b1a-9d6f-2f1c5a9e8b11",
        reason: "A faulty probe sent it.",
      },
    ],
  });

export const Adjustment = CoreAdjustment.meta({
  id: "Adjustment",
  description:
    "A correction of usage. It is an event of its own with an author and a reason; nothing is edited. It is `applied` once the totals have it.",
  example: {
    id: adjustmentIdExample,
    type: "adjust",
    tenant_id: tenantIdExample,
    metric: "compute_hours",
    timestamp: instantExample,
    value: "-12.5",
    dimensions: {},
    event_id: null,
    reason: "Counted a load test of ours.",
    author: "94a8e4c8-30a1-70d4-2f3e-5d1f0c9b7a61",
    status: "applied",
    created_at: instantExample,
    applied_at: instantExample,
  },
});

export const ListAdjustmentsQuery = z.strictObject({
  tenant_id: TenantId.optional().meta({ description: "Only corrections of this tenant.", example: tenantIdExample }),
  ...pageQuery,
});
