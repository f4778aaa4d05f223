import { Operation as CoreOperation, OperationStatus, onboardingSteps } from "@tenantry/core/operation/operation";
import { z } from "zod";
import { instantExample, operationIdExample, pageQuery, pathId, tenantIdExample } from "./common.ts";

export const Operation = CoreOperation.meta({
  id: "Operation",
  description:
    "Work that takes a while, step by step. `ProvisionDatabase`, `ProvisionStorage` and `ProvisionIdentity` run at once. After a failure `compensation` takes back what was made: then the operation is `failed` or `cancelled` with nothing left, or `compensation_failed`, and what has not succeeded in `compensation` is what remains; a schedule goes on trying.",
  example: {
    id: operationIdExample,
    type: "onboard-tenant",
    status: "running",
    tenant_id: tenantIdExample,
    attempt: 1,
    execution: operationIdExample,
    steps: onboardingSteps.map((name, at) => ({
      name,
      status: at === 0 ? "succeeded" : "pending",
      attempts: at === 0 ? 1 : 0,
      started_at: at === 0 ? instantExample : null,
      ended_at: at === 0 ? instantExample : null,
      error: null,
    })),
    compensation: [],
    error: null,
    created_at: instantExample,
    updated_at: instantExample,
    cancelled_at: null,
    ended_at: null,
  },
});

export const ListOperationsQuery = z.strictObject({
  tenant: pathId("Only operations on this tenant.", tenantIdExample).optional(),
  status: OperationStatus.optional().meta({ description: "Only operations in this state.", example: "failed" }),
  ...pageQuery,
});
