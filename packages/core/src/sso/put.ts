import { authorise } from "../access/authorise.ts";
import type { Issuer } from "../access/issuer.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { Feature } from "../tenant/offer.ts";
import { tiers } from "../tenant/tier.ts";
import { loadClient, shown, type Sso, summary } from "./load.ts";
import type { SsoPorts } from "./ports.ts";
import type { PutSso, SsoSettings } from "./settings.ts";

const feature = "sso" satisfies Feature;

/** @throws Problem `sso-not-available` */
const requireFeature = ({ tier, config }: Tenant, client: Issuer | null): Issuer => {
  const offered: readonly Feature[] = tiers[tier].features;
  if (!offered.includes(feature))
    throw new Problem("sso-not-available", `Single sign-on is not part of the tier ${tier}.`);
  if (!config.features.includes(feature))
    throw new Problem("sso-not-available", "The feature sso is not switched on for this tenant.");
  if (client === null) throw new Problem("sso-not-available", "The tenant has no app client of its own.");
  return client;
};

/** Whether somebody who could sign in before might not be let in now. */
const shutsOut = (before: SsoSettings | undefined, after: SsoSettings): boolean =>
  before !== undefined &&
  (before.provider_name !== after.provider_name ||
    before.email_domains.toSorted().join() !== after.email_domains.toSorted().join());

/**
 * Gives a tenant an identity provider of its own, or changes it. Idempotent. Where that may shut somebody out, all tokens of
 * the tenant's users are refused within half a minute, and refreshed ones have the change.
 *
 * @throws Problem `tenant-not-found`, `sso-not-available` in tiers without it, `state-conflict` unless the tenant is active,
 *   `sso-issuer-refused` for an issuer that is not https, leads to a private address or does not answer, `quota-used-up`,
 *   `unavailable` when somebody else changes the same.
 */
export const putSso =
  (ports: SsoPorts) =>
  async (ctx: Context, { tenantId }: { tenantId: string }, wanted: PutSso): Promise<Sso> => {
    authorise(ctx, "sso:write", tenantId);
    const found = await loadClient(ports, tenantId);
    const client = requireFeature(found.tenant, found.client);
    if (found.tenant.status !== "active")
      throw new Problem("state-conflict", "Only an active tenant can change its single sign-on.");
    const refusal = await ports.issuers.refusal(wanted.issuer);
    if (refusal !== null)
      throw new Problem("sso-issuer-refused", `The issuer ${refusal}.`, {
        errors: [{ pointer: "/issuer", detail: refusal }],
      });

    const { domain } = await ports.providers.put(client, wanted);
    const { client_secret: _secret, ...open } = wanted;
    const settings: SsoSettings = {
      ...open,
      provider_name: ports.providers.nameOf(tenantId, wanted.issuer),
      domain,
      updated_at: ports.clock().toISOString(),
    };
    const before = client.sso;
    const audit = auditEntry(ports, ctx, {
      action: "sso.put",
      tenantId,
      before: before === undefined ? null : summary(before),
      after: summary(settings),
    });
    // Until this is written nobody who comes from the provider is a member of anything.
    if (!(await ports.store.save(client, settings, shutsOut(before, settings), { audit, events: [] })))
      throw new Problem("unavailable", "Somebody else changes the tenant's single sign-on. Try again.");
    return shown(ports, client, settings);
  };
