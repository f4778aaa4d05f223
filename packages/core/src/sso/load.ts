import type { Issuer } from "../access/issuer.ts";
import { loadTenant } from "../billing/get-invoice.ts";
import { Problem } from "../problem.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { SsoPorts } from "./ports.ts";
import type { SsoSettings } from "./settings.ts";

/** What the API shows: the settings, and where to sign in by them. */
export type Sso = Omit<SsoSettings, "domain"> & {
  readonly tenant_id: string;
  /** The app client that applications sign in with. */
  readonly app_client_id: string;
  readonly authorize_url: string;
  readonly token_url: string;
  readonly redirect_uri: string;
};

/** A tenant and its app client, which is null in tiers without one. @throws Problem `tenant-not-found` */
export const loadClient = async (
  ports: Pick<SsoPorts, "registry" | "store">,
  tenantId: string,
): Promise<{ tenant: Tenant; client: Issuer | null }> => {
  const tenant = await loadTenant(ports, tenantId);
  const { user_pool_id, client_id } = tenant.resources.identity ?? {};
  const found =
    user_pool_id === undefined || client_id === undefined ? null : await ports.store.find(user_pool_id, client_id);
  return { tenant, client: found?.tenant_id === tenant.id ? found : null };
};

export const notConfigured = (): Problem =>
  new Problem("sso-not-configured", "The tenant has no identity provider of its own.");

export const shown = (ports: Pick<SsoPorts, "providers">, client: Issuer, settings: SsoSettings): Sso => {
  const { domain, ...rest } = settings;
  return {
    tenant_id: client.tenant_id,
    ...rest,
    app_client_id: client.client_id,
    ...ports.providers.endpoints(domain),
  };
};

/** As the audit trail shows it: never the secret, which is not in it. */
export const summary = ({ issuer, client_id, scopes, email_domains, callback_urls }: SsoSettings) => ({
  issuer,
  client_id,
  scopes,
  email_domains,
  callback_urls,
});
