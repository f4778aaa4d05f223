import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { app } from "./app.ts";

export const handler = http(operations.createTenant, async ({ ctx, body, root }) => {
  const { tenant, operation } = await app.tenants.register(ctx, body);
  const headers = { location: `${root}/admin/operations/${operation.id}`, "retry-after": "1" };
  return { body: { tenant, operation }, headers };
});
