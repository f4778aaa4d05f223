import { Operation as CoreOperation, onboardingSteps } from "@tenantry/core/operation/operation";
import { z } from "zod";
import { instantExample, operationIdExample, pageQuery, pathId, tenantIdExample } from "./common.ts";

export const Operation = CoreOperation.meta({
  id: "Operation",
  description:
    "Work that takes a while, step by step. `ProvisionDatabase`, `ProvisionStorage` and `ProvisionIdentity` run at once.",
  example: {
    id: operationIdExample,
    type: "onboard-tenant",
    status: "running",
    tenant_id: tenantIdExample,
    steps: onboardingSteps.map((name, at) => ({
      name,
      status: at === 0 ? "succeeded" : "pending",
      attempts: at === 0 ? 1 : 0,
      started_at: at === 0 ? instantExample : null,
      ended_at: at === 0 ? instantExample : null,
      error: null,
    })),
    error: null,
    created_at: instantExample,
    updated_at: instantExample,
    ended_at: null,
  },
});

export const ListOperationsQuery = z.strictObject({
  tenant_id: pathId("Only operations on this tenant.", tenantIdExample).optional(),
  ...pageQuery,
});
