import { tenantOperations } from "@tenantry/contract/tenant-operations";
import { app, followUp } from "./app.ts";
import { post } from "./post.ts";

export const handler = post(tenantOperations.retryOperation, async ({ ctx, params, root, keyed }) => {
  const operation = await app.operations.retry(ctx, { operationId: params.operation_id }, keyed);
  return { body: operation, headers: followUp(root, operation), tenantId: operation.tenant_id };
});
