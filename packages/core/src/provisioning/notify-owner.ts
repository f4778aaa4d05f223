import { loadTenant } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";
import { welcomeMail } from "./welcome-mail.ts";

/**
 * Tells the owner that the tenant is ready, and writes down that they were told: a task that runs again sends nothing.
 * Only a mail whose acceptance was not heard of, or that is sent at the same instant by two runs, may go out twice. The
 * mail service has no idempotency key, and two mails are better than none.
 */
export const notifyOwner =
  (ports: Pick<ProvisioningPorts, "registry" | "mailer" | "notices" | "clock">): TaskVerb =>
  async (run) => {
    if (await ports.notices.given(run.operationId)) return;
    const tenant = await loadTenant(ports.registry, run.tenantId);
    await ports.mailer.send(welcomeMail(tenant), { tenant_id: tenant.id, operation_id: run.operationId });
    await ports.notices.give(run.operationId, ports.clock().toISOString());
  };
