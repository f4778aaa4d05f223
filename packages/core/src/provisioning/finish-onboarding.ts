import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Ends the operation as succeeded: the tenant is active, whether or not its owner could be told. Idempotent. */
export const finishOnboarding =
  (ports: Pick<ProvisioningPorts, "operations" | "clock">): TaskVerb =>
  async (run) =>
    ports.operations.end(run.operationId, ports.clock().toISOString(), { status: "succeeded" });
