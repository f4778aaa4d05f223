import { tenantOperations } from "@tenantry/contract/tenant-operations";
import { bound } from "./admit.ts";
import { app } from "./app.ts";

export const handler = bound(tenantOperations.getOperation, async ({ ctx, params }) => ({
  body: await app.operations.get(ctx, { operationId: params.operation_id }),
}));
