import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { meters } from "./usage-app.ts";

export const handler = http(operations.listMeters, async ({ ctx }) => ({ body: { items: await meters.list(ctx) } }));
