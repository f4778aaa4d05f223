import { usageOperations } from "@tenantry/contract/usage-operations";
import { http } from "@tenantry/lambda/http";
import { meters } from "./usage-app.ts";

export const handler = http(usageOperations.listMeters, async ({ ctx }) => ({
  body: { items: await meters.list(ctx) },
}));
