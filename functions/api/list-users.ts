import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { usersPage } from "./user-app.ts";

export const handler = http(operations.listUsers, async ({ ctx, query }) => ({ body: await usersPage(ctx, query) }));
