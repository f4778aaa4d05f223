import { statusCommit } from "./commit.ts";
import { ProvisioningError } from "./errors.ts";
import { failureOf } from "./failure.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/**
 * Marks the tenant and its operation as failed, with the step and the reason. Idempotent: the tenant moves once, with
 * its event, and an operation that has ended stays as it ended.
 */
export const failOnboarding =
  (ports: Pick<ProvisioningPorts, "registry" | "operations" | "clock" | "newId">): TaskVerb =>
  async (run) => {
    const operation = await ports.operations.get(run.operationId);
    if (operation === null)
      throw new ProvisioningError("TenantNotFound", `There is no operation ${run.operationId} to fail.`);
    const { step, error } = failureOf(operation, run.failure);
    const at = ports.clock().toISOString();

    // The step that timed out or died could not say so itself.
    const unsaid = operation.steps.find((each) => each.name === step && each.status === "running");
    if (unsaid !== undefined) await ports.operations.endStep(operation.id, unsaid.name, at, error);

    await ports.registry.moveTenant(
      run.tenantId,
      ["provisioning"],
      "failed",
      at,
      statusCommit(ports, run, at, {
        action: "tenant.fail_onboarding",
        from: "provisioning",
        to: "failed",
        event: "tenant.onboarding_failed.v1",
        data: { step, error },
      }),
    );
    await ports.operations.end(operation.id, at, { status: "failed", step, error });
  };
