import type { StepEnd } from "@tenantry/core/ports";
import { keys } from "./control-table.ts";
import type { Write } from "./transact.ts";

/** Sets or removes what the tenant's record says of one plane. Idempotent. */
export const recordWrite = (
  table: string,
  { tenantId, plane, made }: NonNullable<StepEnd["record"]>,
  at: string,
): Write => ({
  Update: {
    TableName: table,
    Key: keys.tenant(tenantId),
    UpdateExpression:
      made === null
        ? "REMOVE #resources.#plane SET updated_at = :at"
        : "SET #resources.#plane = :made, updated_at = :at",
    ConditionExpression: "attribute_exists(pk)",
    ExpressionAttributeNames: { "#resources": "resources", "#plane": plane },
    ExpressionAttributeValues: { ":at": at, ...(made === null ? {} : { ":made": made }) },
  },
});
