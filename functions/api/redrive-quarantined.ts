import { operations } from "@tenantry/contract/operations";
import { post } from "./post.ts";
import { quarantine } from "./quarantine-app.ts";

export const handler = post(operations.redriveQuarantined, async ({ ctx, params }) => ({
  body: await quarantine.redrive(ctx, params.entry_id),
}));
