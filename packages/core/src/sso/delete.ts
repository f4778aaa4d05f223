import { authorise } from "../access/authorise.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { loadClient, notConfigured, shown, type Sso, summary } from "./load.ts";
import type { SsoPorts } from "./ports.ts";

/**
 * Takes a tenant's identity provider away. Nobody signs in by it from then on, and tokens of those who did are refused within
 * half a minute. What fails half way is finished by asking again.
 *
 * @throws Problem `tenant-not-found`, `sso-not-configured`, `unavailable` when somebody else changes the same.
 */
export const deleteSso =
  (ports: Pick<SsoPorts, "registry" | "store" | "providers" | "clock" | "newId">) =>
  async (ctx: Context, { tenantId }: { tenantId: string }): Promise<Sso> => {
    authorise(ctx, "sso:write", tenantId);
    const { client } = await loadClient(ports, tenantId);
    if (client?.sso === undefined) throw notConfigured();
    await ports.providers.remove(client);
    const audit = auditEntry(ports, ctx, { action: "sso.delete", tenantId, before: summary(client.sso) });
    if (!(await ports.store.save(client, null, true, { audit, events: [] })))
      throw new Problem("unavailable", "Somebody else changes the tenant's single sign-on. Try again.");
    return shown(ports, client, client.sso);
  };
