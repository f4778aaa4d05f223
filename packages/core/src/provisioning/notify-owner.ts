import { loadTenant } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";
import { welcomeMail } from "./welcome-mail.ts";

/** Tells the owner that the tenant is ready. A reply lost on the way may make it two mails: better than none. */
export const notifyOwner =
  (ports: Pick<ProvisioningPorts, "registry" | "mailer">): TaskVerb =>
  async (run) => {
    const tenant = await loadTenant(ports.registry, run.tenantId);
    await ports.mailer.send(welcomeMail(tenant), { tenant_id: tenant.id, operation_id: run.operationId });
  };
