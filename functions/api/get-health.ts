import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";

export const handler = http(operations.getHealth, () => ({ body: { status: "ok" as const } }));
