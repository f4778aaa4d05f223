import { writtenIn } from "@tenantry/aws/progress";
import { inOrder } from "@tenantry/lambda/change-stream";
import { app } from "./app.ts";

export const handler = inOrder("push-progress", async ({ dynamodb }) => {
  const written = writtenIn(dynamodb ?? {});
  return written === undefined ? {} : { operation_id: written.after.operation.id, ...(await app.push(written)) };
});
