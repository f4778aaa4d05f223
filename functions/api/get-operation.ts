import { operations } from "@tenantry/contract/operations";
import { bound } from "./admit.ts";
import { app } from "./app.ts";

export const handler = bound(operations.getOperation, async ({ ctx, params }) => ({
  body: await app.operations.get(ctx, { operationId: params.operation_id }),
}));
