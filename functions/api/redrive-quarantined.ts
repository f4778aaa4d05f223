import { quarantineOperations } from "@tenantry/contract/quarantine-operations";
import { post } from "./post.ts";
import { quarantine } from "./quarantine-app.ts";

export const handler = post(quarantineOperations.redriveQuarantined, async ({ ctx, params }) => ({
  body: await quarantine.redrive(ctx, params.entry_id),
}));
