import { openapi } from "@tenantry/contract/openapi";
import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";

const body = { ...openapi() };

export const handler = http(operations.getOpenapi, () => ({ body }));
