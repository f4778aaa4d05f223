import type { AuditEntry } from "../audit/audit.ts";
import { systemEntry } from "../audit/entry.ts";
import type { Ports } from "../ports.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { pendingCompensation } from "./begin.ts";
import type { Operation, StepError } from "./operation.ts";
import { nextCompensation } from "./transitions.ts";

/** What was done about an operation. */
export type Settled = "left alone" | "started" | "compensating" | "succeeded";

/**
 * Puts an operation right whose execution ended without telling, or never began: killed, stopped, timed out. It looks
 * at the execution and not at what it was told, and every change is conditional on what it saw, so the event and the
 * sweep may run side by side.
 *
 * `patient` leaves alone what somebody may be about to start.
 */
export const settleOperation =
  (ports: Ports) =>
  async (id: string, { patient }: { readonly patient: boolean }): Promise<Settled> => {
    const operation = await ports.operations.get(id);
    if (operation === null) return "left alone";
    switch (operation.status) {
      case "succeeded":
      case "failed":
      case "cancelled":
        return "left alone";
      case "compensation_failed":
        return patient ? "left alone" : compensate(ports, operation, null);
      default: {
        const state = await ports.workflows.look(operation.execution);
        if (state === "running") return "left alone";
        if (state === "missing") {
          if (patient) return "left alone";
          await ports.workflows.start(operation);
          return "started";
        }
        return settleEnded(ports, id, operation.execution, state.error);
      }
    }
  };

/** The execution has ended, so it writes nothing any more: what is read now holds. */
const settleEnded = async (ports: Ports, id: string, execution: string, error: StepError): Promise<Settled> => {
  const operation = await ports.operations.get(id);
  if (operation === null || operation.execution !== execution) return "left alone";
  if (operation.status === "compensating") return compensate(ports, operation, null);
  if (operation.status !== "pending" && operation.status !== "running") return "left alone";

  const tenant = await ports.registry.getTenant(operation.tenant_id);
  const at = ports.clock().toISOString();
  const unsaid = operation.steps.filter(({ status }) => status === "running");
  for (const step of unsaid) await ports.operations.endStep(id, step.name, at, { error });
  if (tenant?.status !== "active") return compensate(ports, operation, { error, tenant });

  // The tenant can be used, so there is nothing to take back; what was left to do is said to have failed.
  const [notice] = operation.steps.filter(({ name, status }) => name === "NotifyOwner" && status === "pending");
  const steps = (await ports.operations.get(id))?.steps.map((step) =>
    step.name === notice?.name ? { ...step, status: "failed" as const, ended_at: at, error } : step,
  );
  const moved = await ports.operations.move(operation, { to: "succeeded", at, endedAt: at, ...(steps && { steps }) });
  return moved === null ? "left alone" : "succeeded";
};

/** Has a new execution take the onboarding back. `failure` is null where the operation knows already why. */
const compensate = async (
  ports: Ports,
  operation: Operation,
  failure: { readonly error: StepError; readonly tenant: Tenant | null } | null,
): Promise<Settled> => {
  const at = ports.clock().toISOString();
  const tenant = failure?.tenant?.status === "provisioning" ? failure.tenant : undefined;
  if (failure !== null && tenant === undefined) return "left alone";
  const step = operation.steps.find(({ status }) => status === "running")?.name ?? null;
  const moved = await ports.operations.move(operation, {
    to: "compensating",
    at,
    execution: nextCompensation(operation.execution),
    endedAt: null,
    // What was taken back already stays so; the rest begins again.
    compensation:
      operation.compensation.length === 0
        ? pendingCompensation()
        : operation.compensation.map((one) =>
            one.status === "succeeded" ? one : { ...one, status: "pending" as const },
          ),
    ...(failure === null ? {} : { error: { ...failure.error, step } }),
    ...(tenant === undefined ? {} : { tenant: { was: tenant, to: "failed" as const } }),
    commit: { audit: auditOf(ports, operation, at), events: [] },
  });
  if (moved === null) return "left alone";
  await ports.workflows.start(moved);
  return "compensating";
};

const auditOf = (ports: Ports, { tenant_id, execution, status }: Operation, at: string): AuditEntry =>
  systemEntry(ports, {
    task: "settle-operation",
    at,
    requestId: execution,
    change: {
      action: "operation.compensate",
      tenantId: tenant_id,
      before: { status },
      after: { status: "compensating" },
    },
  });
