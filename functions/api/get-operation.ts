import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { app } from "./app.ts";

export const handler = http(operations.getOperation, async ({ ctx, params }) => ({
  body: await app.operations.get(ctx, { operationId: params.operation_id }),
}));
