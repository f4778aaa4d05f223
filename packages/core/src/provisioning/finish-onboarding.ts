import { ProvisioningError } from "./errors.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Ends the operation as succeeded: the tenant is active, whether or not its owner could be told. Idempotent. */
export const finishOnboarding =
  (ports: Pick<ProvisioningPorts, "operations" | "clock">): TaskVerb =>
  async (run) => {
    const operation = await ports.operations.get(run.operationId);
    if (operation === null)
      throw new ProvisioningError("TenantNotFound", `There is no operation ${run.operationId} to finish.`);
    if (operation.status !== "running" && operation.status !== "pending") return;
    const at = ports.clock().toISOString();
    await ports.operations.move(operation, { to: "succeeded", at, endedAt: at });
  };
