import type { Issuer } from "../access/issuer.ts";
import type { Membership } from "../access/membership.ts";
import type { TenantRole } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import { parseEmail } from "../user/email.ts";
import { nextEpoch } from "../user/user.ts";
import type { SsoPorts, SsoStore } from "./ports.ts";

/** A user as Cognito describes who came from an identity provider. */
export type Federated = {
  readonly userId: string;
  /** How Cognito calls the provider, and nobody else can. */
  readonly providerName: string;
  /** What the provider says; nobody's proof of anything outside of its tenant. */
  readonly email: string | undefined;
};

/** What whoever comes from a tenant's provider may do there until somebody gives them more. */
const role = "tenant-member" satisfies TenantRole;

/**
 * Whether the client's tenant takes this user: its own provider sent them, and their address is of a domain that it takes.
 * Through a client that has no provider, such as the platform's own, nobody comes who was sent by one.
 */
export const isWelcome = (client: Issuer | null, { providerName, email }: Federated): client is Issuer => {
  if (client?.sso === undefined || client.sso.provider_name !== providerName) return false;
  const { email_domains: domains } = client.sso;
  return domains.length === 0 || domains.includes(email?.toLowerCase().split("@").at(-1) ?? "");
};

const lawful = (email: string | undefined): string | undefined => {
  try {
    return email === undefined ? undefined : parseEmail(email);
  } catch {
    return undefined; // a name on a list, which nothing is decided by
  }
};

/**
 * Makes a welcome user a member of the client's tenant and of nothing else, under their own id: an address that is another
 * user's gives them nothing of that user's. Returns null when the provider was taken away meanwhile.
 */
export const joinBySso =
  (ports: Pick<SsoPorts, "clock" | "newId"> & { readonly store: Pick<SsoStore, "join"> }) =>
  async (client: Issuer, user: Federated, requestId: string): Promise<Membership | null> => {
    const now = ports.clock();
    const email = lawful(user.email);
    const membership: Membership = {
      user_id: user.userId,
      tenant_id: client.tenant_id,
      roles: [role],
      created_at: now.toISOString(),
      ...(email === undefined ? {} : { email }),
      status: "active",
      epoch: nextEpoch(null, now),
    };
    const ctx = {
      actor: { id: user.userId, orgId: client.tenant_id, permissions: new Set<never>() },
      requestId,
    };
    const audit = auditEntry(ports, ctx, {
      action: "user.join",
      tenantId: client.tenant_id,
      after: { user_id: user.userId, roles: membership.roles, provider: user.providerName },
    });
    const joined = await ports.store.join(client, user.providerName, membership, { audit, events: [] });
    return joined ? membership : null;
  };
