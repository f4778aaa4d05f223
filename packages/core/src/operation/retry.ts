import { authorise } from "../access/authorise.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { type KeyedRequest, madeBy, type Makings, makingOf } from "../idempotency.ts";
import type { Ports } from "../ports.ts";
import { preflightAgain } from "../tenant/preflight.ts";
import { claimOf, type QuotaLimits } from "../tenant/quota.ts";
import { pendingSteps } from "./begin.ts";
import { loadOperation } from "./load.ts";
import type { Operation } from "./operation.ts";
import { assertBecomes, conflict, executionOfAttempt } from "./transitions.ts";

/**
 * Begins a failed or cancelled onboarding anew: another attempt of the same operation for the same tenant, with an
 * execution of its own. Should the start get lost, the sweep repeats it.
 *
 * @param request retried it before if it died before it was answered: it then gets the operation as it is now
 * @throws Problem `operation-not-found`, `state-conflict`, `quota-used-up`, `idempotency-key-reused`.
 */
export const retryOperation =
  (ports: Ports & { readonly makings: Makings }, limits: () => QuotaLimits = () => ({})) =>
  async (ctx: Context, input: { operationId: string }, request?: KeyedRequest): Promise<Operation> => {
    authorise(ctx, "operations:retry", ctx.actor.orgId);
    const operation = await loadOperation(ports, ctx, input.operationId);
    if ((await madeBy(ports.makings, request)) !== null) return operation;
    assertBecomes(operation, "pending", "retried");
    const tenant = await ports.registry.getTenant(operation.tenant_id);
    if (tenant?.status !== "failed") throw conflict(operation, "retried");
    await preflightAgain(ports.registry, limits(), tenant);

    const at = ports.clock().toISOString();
    const attempt = operation.attempt + 1;
    const moved = await ports.operations.move(operation, {
      to: "pending",
      at,
      attempt,
      execution: executionOfAttempt(operation.id, attempt),
      error: null,
      cancelledAt: null,
      endedAt: null,
      steps: pendingSteps(),
      compensation: [],
      tenant: { was: tenant, to: "provisioning" },
      quota: { take: claimOf(tenant.tier, limits()) },
      commit: {
        audit: auditEntry(ports, ctx, {
          action: "operation.retry",
          tenantId: tenant.id,
          before: { status: operation.status, attempt: operation.attempt },
          after: { status: "pending", attempt },
        }),
        events: [
          {
            id: ports.newId("event"),
            type: "tenant.onboarding_retried.v1",
            subject: tenant.id,
            time: at,
            data: { tenant_id: tenant.id, operation_id: operation.id, attempt },
          },
        ],
        making: makingOf(request, operation.id),
      },
    });
    if (moved === null) throw conflict((await ports.operations.get(operation.id)) ?? operation, "retried");
    await ports.workflows.start(moved).catch(() => undefined);
    return moved;
  };
