import type { Issuer } from "../access/issuer.ts";
import type { Membership } from "../access/membership.ts";
import type { Clock, Commit, NewId, Registry } from "../ports.ts";
import type { PutSso, SsoSettings } from "./settings.ts";

/** An app client of a tenant's own. */
export type AppClient = Pick<Issuer, "user_pool_id" | "client_id" | "tenant_id">;

/** Identity providers of tenants, on their user pool and app client. */
export interface SsoProviders {
  /** How a tenant's provider of this issuer is called. */
  nameOf(tenantId: string, issuer: string): string;
  /**
   * Makes the provider, or changes it, and has the client take its users and no other provider's. Idempotent.
   *
   * @throws Problem `sso-issuer-refused` when the provider does not answer, `quota-used-up`.
   */
  put(client: AppClient, wanted: PutSso): Promise<{ readonly domain: string }>;
  /** Has the client take no provider's users, and takes the tenant's providers away. Idempotent. */
  remove(client: AppClient): Promise<void>;
  /** Addresses of a domain's OAuth endpoints; `redirect_uri` is what the provider must know. */
  endpoints(domain: string): {
    readonly authorize_url: string;
    readonly token_url: string;
    readonly redirect_uri: string;
  };
}

/** Looks at addresses that tenants name. */
export interface SsoIssuers {
  /** What is wrong with it, as the end of a sentence; null for https on a public address, and for hosts that the operator allows. */
  refusal(issuer: string): Promise<string | null>;
}

/** Where a tenant's settings are: with its client. */
export interface SsoStore {
  find(userPoolId: string, clientId: string): Promise<Issuer | null>;
  /**
   * Writes settings, or takes them away (`null`), if the client still has those of `before`. With `newEpoch` all tokens of
   * the tenant's users are refused from then on, until they are refreshed. Returns false and writes nothing otherwise.
   */
  save(before: Issuer, settings: SsoSettings | null, newEpoch: boolean, commit: Commit): Promise<boolean>;
  /**
   * Adds a member who comes from the client's provider. Returns false and writes nothing where there is a membership
   * already, or the client's provider is another one by now.
   */
  join(client: AppClient, providerName: string, membership: Membership, commit: Commit): Promise<boolean>;
}

export type SsoPorts = {
  readonly registry: Pick<Registry, "getTenant">;
  readonly providers: SsoProviders;
  readonly issuers: SsoIssuers;
  readonly store: SsoStore;
  readonly clock: Clock;
  readonly newId: NewId;
};
