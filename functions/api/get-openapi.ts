import { openapi } from "@tenantry/contract/openapi";
import { serviceOperations } from "@tenantry/contract/service-operations";
import { http } from "@tenantry/lambda/http";

const body = { ...openapi() };

export const handler = http(serviceOperations.getOpenapi, () => ({ body }));
