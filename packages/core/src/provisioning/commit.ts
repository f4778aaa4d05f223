import { systemEntry } from "../audit/entry.ts";
import type { EventType } from "../events.ts";
import type { Commit } from "../ports.ts";
import type { TenantStatus } from "../tenant/tenant.ts";
import type { ProvisioningPorts, TaskRun } from "./ports.ts";

type StatusAction =
  | "tenant.activate"
  | "tenant.begin_compensation"
  | "tenant.fail_compensation"
  | "tenant.fail_onboarding";

/** The audit entry and the event that go with the platform's own change of a tenant's status. */
export const statusCommit = (
  ports: Pick<ProvisioningPorts, "newId">,
  run: TaskRun,
  at: string,
  change: {
    readonly action: StatusAction;
    readonly from: TenantStatus;
    readonly to: TenantStatus;
    /** Absent where nobody outside needs to know yet. */
    readonly event?: EventType;
    readonly data?: Record<string, unknown>;
  },
): Commit => ({
  audit: systemEntry(ports, {
    task: "onboard-tenant",
    at,
    requestId: run.requestId,
    change: {
      action: change.action,
      tenantId: run.tenantId,
      before: { status: change.from },
      after: { status: change.to },
    },
  }),
  events:
    change.event === undefined
      ? []
      : [
          {
            id: ports.newId("event"),
            type: change.event,
            subject: run.tenantId,
            time: at,
            data: { tenant_id: run.tenantId, operation_id: run.operationId, ...change.data },
          },
        ],
});
