import { authorise } from "../access/authorise.ts";
import { auditEntry } from "../audit/entry.ts";
import { loadTenant } from "../billing/get-invoice.ts";
import type { Context } from "../context.ts";
import type { BillingAccount, PutBillingAccount } from "./account.ts";
import type { AccountPorts } from "./ports.ts";

/**
 * Says who a tenant is to those that bill it. From now on its usage is exported there, where an exporter is set up.
 *
 * @throws Problem `tenant-not-found`
 */
export const putBillingAccount =
  (ports: AccountPorts) =>
  async (
    ctx: Context,
    { tenantId, ...customers }: { tenantId: string } & PutBillingAccount,
  ): Promise<BillingAccount> => {
    authorise(ctx, "billing-accounts:write", tenantId);
    const { id } = await loadTenant(ports, tenantId);
    const before = await ports.accounts.get(id);
    const account: BillingAccount = {
      tenant_id: id,
      ...customers,
      linked_at: before?.linked_at ?? ports.clock().toISOString(),
    };
    const audit = auditEntry(ports, ctx, { action: "billing-account.put", tenantId: id, before, after: account });
    await ports.accounts.put(account, { audit, events: [] });
    return account;
  };
