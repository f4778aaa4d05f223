import type { OperationName, routes } from "@tenantry/contract/routes";
import type { AuditAction } from "@tenantry/core/audit/actions";
import type { AuditEntry } from "@tenantry/core/audit/audit";
import { putPlan } from "@tenantry/core/billing/put-plan";
import { putEntitlements } from "@tenantry/core/entitlement/entitlements";
import { endImpersonation } from "@tenantry/core/impersonation/end";
import { startImpersonation } from "@tenantry/core/impersonation/start";
import { createApiKey, revokeApiKey, rotateApiKey } from "@tenantry/core/key/verbs";
import { cancelOperation } from "@tenantry/core/operation/cancel";
import { retryOperation } from "@tenantry/core/operation/retry";
import { endAllSessions, endSession } from "@tenantry/core/session/end";
import { switchOrganization } from "@tenantry/core/session/switch";
import { deleteSso } from "@tenantry/core/sso/delete";
import { putSso } from "@tenantry/core/sso/put";
import {
  createOwnStorageCredentials,
  createStorageCredentials,
} from "@tenantry/core/storage/create-storage-credentials";
import { registerTenant } from "@tenantry/core/tenant/register";
import { putBillingAccount } from "@tenantry/core/usage-export/accounts";
import { createAdjustment } from "@tenantry/core/usage/create-adjustment";
import { meterTable, shippedMeters } from "@tenantry/core/usage/meters";
import { putMeter } from "@tenantry/core/usage/put-meter";
import { redriveQuarantined } from "@tenantry/core/usage/redrive-quarantined";
import { changeUser, removeUser } from "@tenantry/core/user/change";
import { acceptInvitation } from "@tenantry/core/user/invitations";
import { inviteUser } from "@tenantry/core/user/invite";
import { deleteRole, putRole } from "@tenantry/core/user/roles";
import { createWebhook } from "@tenantry/core/webhook/create";
import { deleteWebhook } from "@tenantry/core/webhook/delete";
import { enableWebhook } from "@tenantry/core/webhook/enable";
import { redeliverWebhook } from "@tenantry/core/webhook/redeliver";
import { rotateWebhookSecret } from "@tenantry/core/webhook/rotate-secret";
import {
  at,
  delivery,
  deliveryId,
  entry,
  impersonation,
  impersonationId,
  invited,
  key,
  keyId,
  member,
  members,
  meter,
  operation,
  operationId,
  otherId,
  owner,
  plan,
  quarantineId,
  recording,
  registry,
  role,
  signing,
  staff,
  tenant,
  tenantId,
  type Reads,
  wanted,
  webhook,
  webhookId,
  webhooks,
  withSso,
} from "./audited-world.ts";

/** The operations that change something. */
export type Writing = {
  [Name in OperationName]: (typeof routes)[Name]["method"] extends "GET" ? never : Name;
}[OperationName];

type Ask = (ports: never) => unknown;

/** What an operation's verb is asked, of what state of the world, and the actions that the trail has of it then. */
export type Audited =
  | { readonly action: AuditAction; readonly reads: Reads; readonly ask: Ask }
  /** Why there is no entry. */
  | { readonly none: string };

const done = (action: AuditAction, ask: Ask, reads: Reads = { registry }): Audited => ({ action, reads, ask });

/**
 * An operation that writes and has no line here does not compile: add one, so that the trail is seen to tell of it. Where
 * an action makes or changes, whichever it finds, it is given something to change, so that there is a `before`.
 */
export const audited: Record<Writing, Audited> = {
  createTenant: done(
    "tenant.register",
    (ports) =>
      registerTenant(ports)(staff, {
        name: "Acme Corp",
        tier: "premium",
        config: { region: "us-east-1", features: [] },
      }),
    { registry: { findSlug: () => null, quotaUse: {}, register: "registered" } },
  ),
  retryOperation: done("operation.retry", (ports) => retryOperation(ports)(staff, { operationId }), {
    operations: { get: { ...operation, status: "failed" }, move: operation },
    registry: { ...registry, getTenant: { ...tenant, status: "failed" } },
  }),
  cancelOperation: done("operation.cancel", (ports) => cancelOperation(ports)(staff, { operationId }), {
    operations: { get: { ...operation, status: "running" }, move: operation },
    registry: { ...registry, getTenant: { ...tenant, status: "provisioning" } },
  }),
  createStorageCredentials: done("tenant.create-storage-credentials", (ports) =>
    createStorageCredentials(ports)(staff, { tenantId, seconds: 900 }),
  ),
  createOwnStorageCredentials: done("tenant.create-storage-credentials", (ports) =>
    createOwnStorageCredentials(ports)(owner, { seconds: 900 }),
  ),
  createWebhook: done(
    "webhook.create",
    (ports) =>
      createWebhook(ports)(staff, { url: webhook.url, event_types: ["tenant.activated.v1"], tenant_id: tenantId }),
    { registry, receivers: { refusal: () => null }, secrets: signing },
  ),
  deleteWebhook: done("webhook.delete", (ports) => deleteWebhook(ports)(staff, { webhookId }), { webhooks }),
  enableWebhook: done("webhook.enable", (ports) => enableWebhook(ports)(staff, { webhookId }), {
    webhooks: { get: { ...webhook, status: "disabled", disabled_reason: "gone" } },
  }),
  rotateWebhookSecret: done(
    "webhook.rotate-secret",
    (ports) => rotateWebhookSecret(ports)(staff, { webhookId, overlapSeconds: 0 }),
    { webhooks, secrets: signing },
  ),
  redeliverWebhook: done("webhook.redeliver", (ports) => redeliverWebhook(ports)(staff, { webhookId, deliveryId }), {
    webhooks,
    deliveries: { get: delivery, restart: { turn: 1 } },
  }),
  redriveQuarantined: done("quarantine.redrive", (ports) => redriveQuarantined(ports)(staff, quarantineId), {
    quarantine: { get: entry, record: { position: "p", partition_key: tenantId, arrived_at: 0, data: "" } },
    plain: {
      unpack: () => ({}),
      meter: async () => ({ outcome: { counted: 1, duplicates: 0, failedFrom: null, errors: [] }, rejected: [] }),
    },
  }),
  createAdjustment: done(
    "usage.adjust",
    (ports) =>
      createAdjustment(ports)(staff, {
        tenantId,
        metric: meter.name,
        timestamp: at,
        reason: "ticket",
        type: "adjust",
        value: "-1",
        dimensions: {},
      }),
    { registry, meters: { reread: meterTable(shippedMeters) }, plain: { onPending: () => undefined } },
  ),
  submitUsageEvents: {
    none: "Events are what is metered, thousands a second: the archive keeps each as it came, with where from.",
  },
  putPlan: done("plan.put", (ports) => putPlan(ports)(staff, { tier: "trial", plan }), {
    plans: { versions: [] },
    plain: { meterNames: async () => [] },
  }),
  putEntitlements: done(
    "entitlements.put",
    (ports) => putEntitlements(ports)(staff, { tenantId, quotas: { api_calls: { soft: null, hard: "9" } } }),
    {
      registry,
      standings: { get: () => null },
      plain: { meterNames: async () => ["api_calls"], readUsage: async () => ({ groups: [] }) },
    },
  ),
  putBillingAccount: done(
    "billing-account.put",
    (ports) => putBillingAccount(ports)(staff, { tenantId, stripe_customer: null, marketplace_customer: null }),
    {
      registry,
      accounts: {
        get: { tenant_id: tenantId, stripe_customer: "cus_1", marketplace_customer: null, linked_at: at },
      },
    },
  ),
  putMeter: done("meter.put", (ports) => putMeter(ports)(staff, { ...meter, cardinality_limit: 7 }), {
    meters: { load: { version: 1, meters: shippedMeters } },
  }),
  createApiKey: done("api-key.create", (ports) => createApiKey(ports)(owner, { name: "k", scopes: [] }), {}),
  revokeApiKey: done("api-key.revoke", (ports) => revokeApiKey(ports)(owner, { id: keyId }), { keys: { get: key } }),
  rotateApiKey: done("api-key.rotate", (ports) => rotateApiKey(ports)(owner, { id: keyId, overlapSeconds: 60 }), {
    keys: { get: key },
  }),
  inviteUser: done(
    "user.invite",
    (ports) => inviteUser(ports)(owner, { email: "a@b.example", roles: ["tenant-viewer"] }),
    { registry, roles: { of: [] }, directory: { ensure: "sub-2" }, members: { get: invited } },
  ),
  changeUser: done("user.change", (ports) => changeUser(ports)(owner, { userId: "sub-2", status: "disabled" }), {
    members,
    roles: { of: [] },
  }),
  removeUser: done("user.remove", (ports) => removeUser(ports)(owner, { userId: "sub-2" }), {
    members,
    roles: { of: [] },
  }),
  acceptInvitation: done("user.accept", (ports) => acceptInvitation(ports)(owner, { orgId: tenantId }), {
    members: { get: invited },
  }),
  startImpersonation: done(
    "impersonation.start",
    (ports) => startImpersonation(ports)(staff, { tenantId, userId: "sub-2", reason: "ticket", minutes: 5 }),
    { registry, members },
  ),
  endImpersonation: done(
    "impersonation.end",
    (ports) => endImpersonation(ports)(staff, { tenantId, id: impersonationId }),
    { impersonations: { get: impersonation } },
  ),
  putRole: done("role.put", (ports) => putRole(ports)(owner, { name: "helper", permissions: ["users:read"] }), {
    roles: { of: [role] },
  }),
  deleteRole: done("role.delete", (ports) => deleteRole(ports)(owner, { name: "helper" }), { roles: { of: [role] } }),
  putSso: done("sso.put", (ports) => putSso(ports)(owner, { tenantId }, wanted), withSso),
  deleteSso: done("sso.delete", (ports) => deleteSso(ports)(owner, { tenantId }), withSso),
  putTenantSso: done("sso.put", (ports) => putSso(ports)(staff, { tenantId }, wanted), withSso),
  deleteTenantSso: done("sso.delete", (ports) => deleteSso(ports)(staff, { tenantId }), withSso),
  endSession: done("session.end", (ports) => endSession(ports)(owner, { sessionId: "s-2" }), {}),
  endAllSessions: done("session.end-all", (ports) => endAllSessions(ports)(owner), {}),
  switchOrganization: done("session.switch", (ports) => switchOrganization(ports)(owner, { orgId: otherId }), {
    choices: { membershipOf: member },
  }),
};

/** Asks, and returns the entries that were committed. */
export const entriesOf = async ({ reads, ask }: Extract<Audited, { action: AuditAction }>): Promise<AuditEntry[]> => {
  const entries: AuditEntry[] = [];
  await ask(recording(reads, entries));
  return entries;
};
