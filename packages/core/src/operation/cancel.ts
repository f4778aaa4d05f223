import { authorise } from "../access/authorise.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { type KeyedRequest, madeBy, type Makings, makingOf } from "../idempotency.ts";
import type { Ports } from "../ports.ts";
import { Problem } from "../problem.ts";
import { pendingCompensation } from "./begin.ts";
import { loadOperation } from "./load.ts";
import type { Operation } from "./operation.ts";
import { conflict, nextCompensation } from "./transitions.ts";

/**
 * Cancels an onboarding that has not activated its tenant yet. The operation turns around first, so that no step of the
 * execution that is then stopped can begin any more; a second execution takes back what was made.
 *
 * @param request cancelled it before if it died before it was answered: it then gets the operation as it is now
 * @throws Problem `operation-not-found`, `state-conflict`, `idempotency-key-reused`.
 */
export const cancelOperation =
  (ports: Ports & { readonly makings: Makings }) =>
  async (ctx: Context, input: { operationId: string }, request?: KeyedRequest): Promise<Operation> => {
    authorise(ctx, "operations:cancel", ctx.actor.orgId);
    const operation = await loadOperation(ports, ctx, input.operationId);
    if ((await madeBy(ports.makings, request)) !== null) return operation;
    if (operation.status !== "pending" && operation.status !== "running") throw conflict(operation, "cancelled");
    const tenant = await ports.registry.getTenant(operation.tenant_id);
    if (tenant?.status !== "provisioning") throw tooLate(operation);

    const at = ports.clock().toISOString();
    const error = { code: "Cancelled", message: `Cancelled by ${ctx.actor.email ?? ctx.actor.id}.` };
    const step = operation.steps.find(({ status }) => status === "running")?.name ?? null;
    const moved = await ports.operations.move(operation, {
      to: "compensating",
      at,
      execution: nextCompensation(operation.execution),
      error: { ...error, step },
      cancelledAt: at,
      compensation: pendingCompensation(),
      tenant: { was: tenant, to: "failed" },
      commit: {
        audit: auditEntry(ports, ctx, {
          action: "operation.cancel",
          tenantId: tenant.id,
          before: { status: operation.status },
          after: { status: "compensating" },
        }),
        events: [],
        making: makingOf(request, operation.id),
      },
    });
    // It moved on between the read and the write: begun, activated or failed. Only the first leaves anything to cancel.
    if (moved === null) return cancelOperation(ports)(ctx, input, request);
    await ports.workflows.stop(operation.execution, error).catch(() => undefined);
    // Should the start get lost, the sweep repeats it.
    await ports.workflows.start(moved).catch(() => undefined);
    return moved;
  };

const tooLate = (operation: Operation): Problem =>
  new Problem(
    "state-conflict",
    `The tenant ${operation.tenant_id} is active already, so its onboarding cannot be cancelled any more.`,
  );
