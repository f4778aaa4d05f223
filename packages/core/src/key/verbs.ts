import { authorise, ownTenant } from "../access/authorise.ts";
import { keyScopes } from "../access/key-scopes.ts";
import type { Permission } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { type KeyedRequest, madeBy, makingOf } from "../idempotency.ts";
import type { Page, PageRequest } from "../ports.ts";
import { Problem } from "../problem.ts";
import { type ApiKey, ApiKeyId, keyText, type KeyPorts, type ShownKey } from "./api-key.ts";

/** A key with its text, which is shown once. */
export type NewKey = ShownKey & { readonly key: string };

/** What the audit trail has of a key. */
const summary = ({ id, name, scopes, ends_at, revoked_at }: ApiKey) => ({ id, name, scopes, ends_at, revoked_at });

/** @throws Problem `api-key-scope-refused` */
const requireScopes = (ctx: Context, scopes: readonly string[]): void => {
  for (const scope of scopes) {
    if (!(keyScopes as readonly string[]).includes(scope))
      throw new Problem("api-key-scope-refused", `No key can have the scope ${scope}.`);
    if (!ctx.actor.permissions.has(scope as Permission))
      throw new Problem("api-key-scope-refused", `You do not hold ${scope} yourself.`);
  }
};

/**
 * Makes a key of the caller's tenant. Its text is in this answer and never again.
 *
 * @param request made it before if it died before it was answered: the key then gets another secret
 * @throws Problem `api-key-not-active` for a key made so that was revoked; `idempotency-key-reused`; `api-key-scope-refused`, `invalid-request` for an end that is past.
 */
export const createApiKey =
  (ports: KeyPorts) =>
  async (
    ctx: Context,
    input: { name: string; scopes: readonly string[]; ends_at?: string | undefined },
    request?: KeyedRequest,
  ): Promise<NewKey> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "api-keys:manage", tenantId);
    const made = await madeBy(ports.makings, request);
    if (made !== null) return renew(ports, ctx, tenantId, made);
    requireScopes(ctx, input.scopes);
    const now = ports.clock();
    if (input.ends_at !== undefined && Date.parse(input.ends_at) <= now.getTime())
      throw new Problem("invalid-request", "The key would have ended already.", {
        errors: [{ pointer: "/ends_at", detail: "must be in the future" }],
      });
    const key: ApiKey = {
      id: ports.newId("apiKey"),
      name: input.name,
      tenant_id: tenantId,
      scopes: [...new Set(input.scopes)],
      created_at: now.toISOString(),
      created_by: ctx.actor.id,
      ends_at: input.ends_at === undefined ? null : new Date(input.ends_at).toISOString(),
      revoked_at: null,
      replaced_by: null,
    };
    const { secret, hash } = ports.newSecret();
    const audit = auditEntry(ports, ctx, { action: "api-key.create", tenantId, after: summary(key) });
    await ports.keys.create(key, hash, { audit, events: [], making: makingOf(request, key.id) });
    return { ...key, last_used_at: null, key: keyText(key.id, secret) };
  };

/** The text of a key that was made and never told: nobody has it, so that it is another one from now on. */
const renew = async (ports: KeyPorts, ctx: Context, tenantId: string, id: string): Promise<NewKey> => {
  const key = await load(ports, tenantId, id);
  requireActive(key, ports.clock());
  requireScopes(ctx, key.scopes);
  const { secret, hash } = ports.newSecret();
  const audit = auditEntry(ports, ctx, { action: "api-key.renew-secret", tenantId, after: summary(key) });
  if (!(await ports.keys.renew(key, hash, { audit, events: [] }))) throw notActive(id);
  return { ...key, key: keyText(id, secret) };
};

/** The keys of the caller's tenant, the newest first. */
export const listApiKeys =
  (ports: Pick<KeyPorts, "keys">) =>
  async (ctx: Context, page: PageRequest): Promise<Page<ShownKey>> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "api-keys:read", tenantId);
    return ports.keys.list(tenantId, page);
  };

/** @throws Problem `api-key-not-found`, also for another tenant's key. */
const load = async (ports: Pick<KeyPorts, "keys">, tenantId: string, id: string): Promise<ShownKey> => {
  const key = ApiKeyId.safeParse(id).success ? await ports.keys.get(tenantId, id) : null;
  if (key === null) throw new Problem("api-key-not-found", `There is no API key ${id}.`);
  return key;
};

const notActive = (id: string) =>
  new Problem("api-key-not-active", `The key ${id} was revoked, replaced or has ended.`);

const requireActive = ({ id, ends_at, revoked_at, replaced_by }: ApiKey, now: Date): void => {
  const ended = ends_at !== null && Date.parse(ends_at) <= now.getTime();
  if (ended || revoked_at !== null || replaced_by !== null) throw notActive(id);
};

/** Revokes a key, which is refused within half a minute. @throws Problem `api-key-not-found`, `api-key-not-active` */
export const revokeApiKey =
  (ports: KeyPorts) =>
  async (ctx: Context, { id }: { id: string }): Promise<ShownKey> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "api-keys:manage", tenantId);
    const key = await load(ports, tenantId, id);
    if (key.revoked_at !== null) throw notActive(id);
    const at = ports.clock().toISOString();
    const audit = auditEntry(ports, ctx, {
      action: "api-key.revoke",
      tenantId,
      before: summary(key),
      after: summary({ ...key, revoked_at: at }),
    });
    if (!(await ports.keys.revoke(key, at, { audit, events: [] }))) throw notActive(id);
    return { ...key, revoked_at: at };
  };

/**
 * Makes a key in the place of one, with its name, scopes and end. The old one works for a while longer.
 *
 * @param request as in `createApiKey`
 * @throws Problem `api-key-not-found`, `api-key-not-active`, `api-key-scope-refused` where the caller lacks a scope of it;
 *   `idempotency-key-reused`.
 */
export const rotateApiKey =
  (ports: KeyPorts) =>
  async (
    ctx: Context,
    { id, overlapSeconds }: { id: string; overlapSeconds: number },
    request?: KeyedRequest,
  ): Promise<NewKey> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "api-keys:manage", tenantId);
    const made = await madeBy(ports.makings, request);
    if (made !== null) return renew(ports, ctx, tenantId, made);
    const old = await load(ports, tenantId, id);
    const now = ports.clock();
    requireActive(old, now);
    requireScopes(ctx, old.scopes);
    const { last_used_at: _used, ...kept } = old;
    const key: ApiKey = {
      ...kept,
      id: ports.newId("apiKey"),
      created_at: now.toISOString(),
      created_by: ctx.actor.id,
    };
    const overlap = now.getTime() + overlapSeconds * 1000;
    const endsAt = new Date(Math.min(overlap, old.ends_at === null ? Infinity : Date.parse(old.ends_at))).toISOString();
    const { secret, hash } = ports.newSecret();
    const audit = auditEntry(ports, ctx, {
      action: "api-key.rotate",
      tenantId,
      before: summary(old),
      after: { ...summary(key), old_ends_at: endsAt },
    });
    if (!(await ports.keys.replace(old, endsAt, key, hash, { audit, events: [], making: makingOf(request, key.id) })))
      throw notActive(id);
    return { ...key, last_used_at: null, key: keyText(key.id, secret) };
  };
