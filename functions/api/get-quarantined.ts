import { quarantineOperations } from "@tenantry/contract/quarantine-operations";
import { http } from "@tenantry/lambda/http";
import { quarantine } from "./quarantine-app.ts";

export const handler = http(quarantineOperations.getQuarantined, async ({ ctx, params }) => ({
  body: await quarantine.get(ctx, params.entry_id),
}));
