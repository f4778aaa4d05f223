import { OperationId as CoreOperationId, TenantId as CoreTenantId } from "@tenantry/core/ids";
import { z } from "zod";

export const tenantIdExample = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";
export const operationIdExample = "op_01JD5V8Q9WB2C4D6E8F0G1H3J5";
export const instantExample = "2026-11-20T13:45:12.123Z";

export const TenantId = CoreTenantId.meta({ description: "The tenant's id.", example: tenantIdExample });
export const OperationId = CoreOperationId.meta({ description: "The operation's id.", example: operationIdExample });

/** An id in a path. Any text: what is no id is not found, which is a 404 and not a 400. */
export const pathId = (description: string, example: string) =>
  z.string().min(1).max(128).meta({ description, example });

export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "must be a number from 1 to 100")
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .prefault("20")
    .meta({
      description: "How many to list, from 1 to 100; 20 if not given.",
      example: 20,
      override: { type: "integer", minimum: 1, maximum: 100, default: 20 },
    }),
  cursor: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .meta({ description: "The `next_cursor` of the page before, with the same filter." }),
};

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: "Where the next page begins; null on the last page." }),
  });
