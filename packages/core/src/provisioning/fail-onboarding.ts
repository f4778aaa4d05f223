import { statusCommit } from "./commit.ts";
import { claimOf } from "../tenant/quota.ts";
import { NotReadyYet, ProvisioningError } from "./errors.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/**
 * Ends a compensation. When everything was taken back the operation is `failed`, or `cancelled` if somebody asked for
 * that; otherwise it is `compensation_failed`, and the steps of its compensation that have not succeeded are exactly
 * what remains. Idempotent: an operation that has ended stays as it ended.
 *
 * @throws NotReadyYet while a straggler may still be at work.
 */
export const failOnboarding =
  (ports: Pick<ProvisioningPorts, "registry" | "operations" | "clock" | "newId">): TaskVerb =>
  async (run) => {
    const at = ports.clock().toISOString();
    // Asked before the operation is read: what lands in between is then in it.
    const [straggler] = await ports.operations.inFlight(run.operationId, at);
    const operation = await ports.operations.get(run.operationId);
    if (operation === null)
      throw new ProvisioningError("TenantNotFound", `There is no operation ${run.operationId} to fail.`);
    if (operation.status !== "compensating") return;
    if (run.execution !== undefined && run.execution !== operation.execution) return;
    if (straggler !== undefined) throw new NotReadyYet(`An attempt of ${straggler} may still be at work.`);

    const remains = operation.compensation.filter(({ status }) => status !== "succeeded").map(({ name }) => name);
    const to = remains.length > 0 ? "compensation_failed" : operation.cancelled_at === null ? "failed" : "cancelled";
    const { step = null, ...error } = operation.error ?? { code: "Unknown", message: "No reason was given." };
    const tenant = await ports.registry.getTenant(operation.tenant_id);
    await ports.operations.move(operation, {
      to,
      at,
      endedAt: at,
      // What remains goes on taking its part.
      ...(tenant === null || to === "compensation_failed" ? {} : { quota: { giveBack: claimOf(tenant.tier, {}) } }),
      commit: statusCommit(ports, run, at, {
        action: remains.length > 0 ? "tenant.fail_compensation" : "tenant.fail_onboarding",
        from: "failed",
        to: "failed",
        event: remains.length > 0 ? "tenant.compensation_failed.v1" : "tenant.onboarding_failed.v1",
        data: remains.length > 0 ? { step, error, remains } : { step, error },
      }),
    });
  };
