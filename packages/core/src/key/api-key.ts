import { z } from "zod";
import type { Makings } from "../idempotency.ts";
import { idOf } from "../ids.ts";
import type { Clock, Commit, NewId, Page, PageRequest } from "../ports.ts";
import { Instant } from "../time.ts";

export const ApiKeyId = idOf("apiKey");

/** A key of a tenant's, without its secret, of which only a hash is kept. */
export const ApiKey = z.strictObject({
  id: ApiKeyId,
  name: z.string(),
  tenant_id: z.string(),
  scopes: z.array(z.string()),
  created_at: Instant,
  created_by: z.string(),
  /** When it ends; null for never. */
  ends_at: Instant.nullable(),
  revoked_at: Instant.nullable(),
  /** The key that took its place. */
  replaced_by: z.string().nullable(),
});
export type ApiKey = Readonly<Omit<z.infer<typeof ApiKey>, "scopes">> & { readonly scopes: readonly string[] };

/** As it is shown: with when it was last used, which is a minute behind at most; null for never. */
export type ShownKey = ApiKey & { readonly last_used_at: string | null };

/** The keys of tenants. Every write carries its audit entry. */
export interface ApiKeys {
  get(tenantId: string, id: string): Promise<ShownKey | null>;
  list(tenantId: string, page: PageRequest): Promise<Page<ShownKey>>;
  create(key: ApiKey, hash: string, commit: Commit): Promise<void>;
  /** Returns false and writes nothing if the key was revoked or replaced before. */
  revoke(key: ApiKey, at: string, commit: Commit): Promise<boolean>;
  /** Gives a key another secret in the place of its own. Returns false as above. */
  renew(key: ApiKey, hash: string, commit: Commit): Promise<boolean>;
  /** Ends a key at a time and stores the one in its place, both or neither. Returns false as above. */
  replace(old: ApiKey, endsAt: string, key: ApiKey, hash: string, commit: Commit): Promise<boolean>;
}

/** Makes a secret of 256 random bits, and the hash that is kept of it. */
export type NewSecret = () => { readonly secret: string; readonly hash: string };

export type KeyPorts = {
  readonly makings: Makings;
  readonly keys: ApiKeys;
  readonly newSecret: NewSecret;
  readonly clock: Clock;
  readonly newId: NewId;
};

/** The key as its holder sends it: `tk_<id without its prefix>_<secret>`. */
export const keyText = (id: string, secret: string): string => `tk_${id.slice("key_".length)}_${secret}`;
