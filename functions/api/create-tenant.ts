import { tenantOperations } from "@tenantry/contract/tenant-operations";
import { app, followUp } from "./app.ts";
import { post } from "./post.ts";

export const handler = post(tenantOperations.createTenant, async ({ ctx, body, key, root }) => {
  const { tenant, operation } = await app.tenants.register(ctx, body, key);
  return { body: { tenant, operation }, headers: followUp(root, operation), tenantId: tenant.id };
});
