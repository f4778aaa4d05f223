import { serviceOperations } from "@tenantry/contract/service-operations";
import { http } from "@tenantry/lambda/http";

export const handler = http(serviceOperations.getHealth, () => ({ body: { status: "ok" as const } }));
