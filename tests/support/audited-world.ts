import { type Permission, permissions, platformOrg } from "@tenantry/core/access/policy";
import type { AuditEntry } from "@tenantry/core/audit/audit";
import type { Context } from "@tenantry/core/context";
import { newOnboarding } from "@tenantry/core/operation/begin";
import { shippedMeters } from "@tenantry/core/usage/meters";

// The state of the world that each writing verb finds, and ports that note what it commits.

/** What a port answers, or how, by port and method. What is not here answers `true`, as a write that was done. */
export type Reads = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const at = "2026-11-20T13:45:12.123Z";
/** Stands wherever a secret could: no entry may have it. */
export const secret = "very-secret";

const isCommit = (value: unknown): value is { readonly audit: AuditEntry } =>
  typeof value === "object" && value !== null && "audit" in value;

/** Ports that answer by `reads` and keep the entries of whatever is committed through them. */
export const recording = (reads: Reads, entries: AuditEntry[]): never => {
  const method =
    (port: string, name: string) =>
    async (...args: unknown[]) => {
      for (const arg of args.flatMap((one) => [one, (one as { commit?: unknown } | null | undefined)?.commit]))
        if (isCommit(arg)) entries.push(arg.audit);
      const answer = reads[port]?.[name];
      return typeof answer === "function" ? (answer as (...given: unknown[]) => unknown)(...args) : (answer ?? true);
    };
  const plain: Readonly<Record<string, unknown>> = {
    clock: () => new Date(at),
    newId: (kind: string) => `${kind}_1`,
    newSecret: () => ({ secret, hash: secret }),
    ...reads["plain"],
  };
  return new Proxy(plain, {
    get: (_, port: string) =>
      plain[port] ??
      new Proxy(
        {},
        {
          get: (_self, name: string) =>
            reads[port]?.[`sync ${name}`] === undefined ? method(port, name) : () => reads[port]?.[`sync ${name}`],
        },
      ),
  }) as never;
};

export const tenantId = "ten_01JD00000000000000000000AA";
export const otherId = "ten_01JD00000000000000000000BB";
export const operationId = "op_01JD00000000000000000000AA";
export const webhookId = "whk_01JD5V8Q9C3E5G7J9M1P3R5T7V";
export const deliveryId = "dlv_01JD5V8Q9C3E5G7J9M1P3R5T7V";
export const quarantineId = "qua_01JD5V8Q9C3E5G7J9M1P3R5T7V";
export const keyId = "key_01JD5V8Q9C3E5G7J9M1P3R5T7V";
export const impersonationId = "imp_01JD5V8Q9C3E5G7J9M1P3R5T7V";
const later = "2026-11-20T14:15:12.123Z";

const by = (orgId: string): Context => ({
  actor: {
    id: "sub-1",
    email: "me@acme.example",
    orgId,
    permissions: new Set<Permission>(permissions),
    sessionId: "s-1",
  },
  requestId: "req-1",
  sourceIp: "192.0.2.1",
  userAgent: "test/1",
  target: "PUT /somewhere",
});
export const staff = by(platformOrg);
export const owner = by(tenantId);

export const tenant = {
  id: tenantId,
  slug: "acme-corp",
  name: "Acme Corp",
  tier: "premium",
  status: "active",
  config: { region: "us-east-1", features: ["sso"] },
  owner: { email: "owner@acme.example" },
  resources: {
    storage: { bucket: "data", prefix: "tenants/tenant-acme-corp/", objects: [] },
    identity: {
      user_pool_id: "us-east-1_pool",
      client_id: "client",
      owner_user_id: "sub-1",
      owner_email: "o@a.example",
    },
  },
  created_at: at,
  updated_at: at,
};
export const registry = { getTenant: tenant, quotaUse: {} };
export const member = {
  user_id: "sub-2",
  tenant_id: tenantId,
  roles: ["tenant-viewer"],
  created_at: at,
  status: "active",
};
export const invited = { ...member, status: "invited", invitation_ends_at: later };
export const members = { get: member };
export const role = { name: "helper", permissions: ["usage:read"] };
export const key = {
  id: keyId,
  name: "looker",
  tenant_id: tenantId,
  scopes: ["usage:read"],
  created_at: at,
  created_by: "sub-1",
  ends_at: null,
  revoked_at: null,
  replaced_by: null,
  last_used_at: null,
};
export const webhook = {
  id: webhookId,
  url: `https://hooks.example/${secret}`,
  description: null,
  event_types: ["tenant.activated.v1"],
  tenant_id: tenantId,
  status: "enabled",
  disabled_reason: null,
  failing_since: null,
  created_at: at,
  updated_at: at,
};
export const webhooks = { get: webhook };
export const signing = { create: secret, rotate: secret };
export const delivery = {
  id: deliveryId,
  webhook_id: webhookId,
  event_id: "evt_1",
  event_type: "tenant.activated.v1",
  status: "failed",
  attempts: [],
  next_attempt_at: null,
  created_at: at,
  updated_at: at,
};
export const impersonation = {
  id: impersonationId,
  tenant_id: tenantId,
  user_id: "sub-2",
  impersonator: { id: "sub-1", email: null },
  reason: "ticket",
  started_at: at,
  ends_at: later,
  ended_at: null,
};
export const operation = newOnboarding(operationId, tenantId, at);
export const wanted = {
  issuer: "https://idp.example",
  client_id: "client",
  client_secret: secret,
  scopes: ["openid"],
  email_domains: [],
  callback_urls: ["https://app.example"],
};
const { client_secret: _secret, ...open } = wanted;
const settings = { ...open, client_id: "another", provider_name: "sso-1", domain: "acme", updated_at: at };
const client = { user_pool_id: "us-east-1_pool", client_id: "client", tenant_id: tenantId };
const providers = {
  put: { domain: "acme" },
  "sync nameOf": "sso-1",
  "sync endpoints": {
    authorize_url: "https://a.example",
    token_url: "https://t.example",
    redirect_uri: "https://r.example",
  },
};
const sso = { registry, issuers: { refusal: () => null }, providers, store: { find: client } };
export const withSso = { ...sso, store: { find: { ...client, sso: settings } } };
export const meter = shippedMeters[0]!;
export const entry = {
  id: quarantineId,
  tenant_id: tenantId,
  state: "waiting",
  events: 1,
  lines: "1",
  reasons: ["unknown-metric"],
  faults: [],
  redrives: [],
};
export const plan = { valid_from: "2027-01", currency: "USD" as const, minimum: null, charges: [] };
