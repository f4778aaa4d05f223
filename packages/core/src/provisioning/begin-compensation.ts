import { pendingCompensation } from "../operation/begin.ts";
import { statusCommit } from "./commit.ts";
import { ProvisioningError } from "./errors.ts";
import { failureOf } from "./failure.ts";
import { loadTenant } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/**
 * Turns a failed onboarding around: the operation says which step failed and why, and in the same transaction the
 * tenant becomes `failed`, so that no straggler can activate it or make anything more for it. Idempotent.
 *
 * @throws ProvisioningError `OperationMovedOn` when another execution has taken over or the tenant is active.
 */
export const beginCompensation =
  (ports: Pick<ProvisioningPorts, "registry" | "operations" | "clock" | "newId">): TaskVerb =>
  async (run) => {
    const operation = await ports.operations.get(run.operationId);
    if (operation === null)
      throw new ProvisioningError("TenantNotFound", `There is no operation ${run.operationId} to take back.`);
    const own = run.execution === undefined || run.execution === operation.execution;
    if (operation.status === "compensating" && own) return;

    const tenant = await loadTenant(ports.registry, operation.tenant_id);
    const at = ports.clock().toISOString();
    const { step, error } = failureOf(operation, run.failure);
    // The step that timed out or died could not say so itself.
    const unsaid = operation.steps.find((each) => each.name === step && each.status === "running");
    if (unsaid !== undefined) await ports.operations.endStep(operation.id, unsaid.name, at, { error });

    const moved =
      own && tenant.status === "provisioning" && (operation.status === "pending" || operation.status === "running")
        ? await ports.operations.move(operation, {
            to: "compensating",
            at,
            error: { ...error, step },
            compensation: pendingCompensation(),
            tenant: { was: tenant, to: "failed" },
            commit: statusCommit(ports, run, at, {
              action: "tenant.begin_compensation",
              from: "provisioning",
              to: "failed",
            }),
          })
        : null;
    if (moved === null)
      throw new ProvisioningError(
        "OperationMovedOn",
        `The operation ${operation.id} is ${operation.status} and its tenant ${tenant.status}; there is nothing to take back.`,
      );
  };
