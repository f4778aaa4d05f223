import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { loadClient, notConfigured, shown, type Sso } from "./load.ts";
import type { SsoPorts } from "./ports.ts";

/**
 * A tenant's identity provider, without its secret.
 *
 * @throws Problem `tenant-not-found`, `sso-not-configured`.
 */
export const getSso =
  (ports: Pick<SsoPorts, "registry" | "store" | "providers">) =>
  async (ctx: Context, { tenantId }: { tenantId: string }): Promise<Sso> => {
    authorise(ctx, "sso:read", tenantId);
    const { client } = await loadClient(ports, tenantId);
    if (client?.sso === undefined) throw notConfigured();
    return shown(ports, client, client.sso);
  };
