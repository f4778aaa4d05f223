import type { OperationName, routes } from "@tenantry/contract/routes";
import type { Context } from "@tenantry/core/context";
import { getInvoice, listInvoices, ownTenant } from "@tenantry/core/billing/get-invoice";
import { getPlan, listPlans } from "@tenantry/core/billing/plans";
import { putPlan } from "@tenantry/core/billing/put-plan";
import { submitUsage } from "@tenantry/core/intake/submit-usage";
import { cancelOperation } from "@tenantry/core/operation/cancel";
import { getOperation } from "@tenantry/core/operation/get";
import { listOperations } from "@tenantry/core/operation/list";
import { retryOperation } from "@tenantry/core/operation/retry";
import { endImpersonation } from "@tenantry/core/impersonation/end";
import { listImpersonations } from "@tenantry/core/impersonation/list";
import { startImpersonation } from "@tenantry/core/impersonation/start";
import { endAllSessions, endSession } from "@tenantry/core/session/end";
import { listSessions } from "@tenantry/core/session/list";
import { switchOrganization } from "@tenantry/core/session/switch";
import {
  createOwnStorageCredentials,
  createStorageCredentials,
} from "@tenantry/core/storage/create-storage-credentials";
import { getTenant } from "@tenantry/core/tenant/get";
import { listTenants } from "@tenantry/core/tenant/list";
import { registerTenant } from "@tenantry/core/tenant/register";
import { getUsageChart } from "@tenantry/core/usage/chart";
import { createAdjustment } from "@tenantry/core/usage/create-adjustment";
import { getQuarantined } from "@tenantry/core/usage/get-quarantined";
import { getTenantUsage } from "@tenantry/core/usage/get-tenant-usage";
import { listAdjustments } from "@tenantry/core/usage/list-adjustments";
import { listQuarantine } from "@tenantry/core/usage/list-quarantine";
import { redriveQuarantined } from "@tenantry/core/usage/redrive-quarantined";
import { changeUser, removeUser } from "@tenantry/core/user/change";
import { acceptInvitation, listInvitations } from "@tenantry/core/user/invitations";
import { inviteUser } from "@tenantry/core/user/invite";
import { getUser, listTenantUsers, listUsers } from "@tenantry/core/user/look";
import { deleteRole, listRoles, putRole } from "@tenantry/core/user/roles";
import { listAudit, listOwnAudit } from "@tenantry/core/audit/list";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from "@tenantry/core/key/verbs";
import { getEntitlements, putEntitlements } from "@tenantry/core/entitlement/entitlements";
import { putBillingAccount } from "@tenantry/core/usage-export/accounts";
import { getOwnUsage } from "@tenantry/core/usage/get-own-usage";
import { listMeters } from "@tenantry/core/usage/list-meters";
import { listUsage } from "@tenantry/core/usage/list-usage";
import { putMeter } from "@tenantry/core/usage/put-meter";
import { enableWebhook } from "@tenantry/core/webhook/enable";
import { rotateWebhookSecret } from "@tenantry/core/webhook/rotate-secret";
import { deleteSso } from "@tenantry/core/sso/delete";
import { getSso } from "@tenantry/core/sso/get";
import { putSso } from "@tenantry/core/sso/put";
import { createWebhook } from "@tenantry/core/webhook/create";
import { deleteWebhook } from "@tenantry/core/webhook/delete";
import { getWebhook } from "@tenantry/core/webhook/get";
import { listWebhooks } from "@tenantry/core/webhook/list";
import { listWebhookDeliveries } from "@tenantry/core/webhook/list-deliveries";
import { redeliverWebhook } from "@tenantry/core/webhook/redeliver";

/** The operations that are not open to everybody. */
export type Guarded = {
  [Name in OperationName]: (typeof routes)[Name]["permission"] extends null ? never : Name;
}[OperationName];

/** Ports of any kind. A verb that asks anything of them has let its caller in. */
const ports = new Proxy(() => undefined, {
  get: (_, name) => (name === "then" ? undefined : ports),
  apply: () => {
    throw new Error("The verb let its caller in.");
  },
}) as never;

/** The same, with an operation on this tenant. */
const onOperation = (tenant: string) =>
  ({ operations: { get: async () => ({ tenant_id: tenant, status: "running" }) } }) as never;

/** The same, for a user who is a member of one tenant. */
const memberOf = (orgId: string) =>
  ({
    choices: {
      membershipOf: async (_: string, id: string) =>
        id === orgId ? { user_id: "u", tenant_id: id, roles: [], created_at: "" } : null,
      choose: async () => undefined,
    },
    clock: () => new Date(0),
    newId: () => "aud_1",
  }) as never;

/** The same, with an impersonation that runs in this tenant. */
const running = (tenant: string) =>
  ({ impersonations: { get: async () => ({ tenant_id: tenant }) }, clock: () => new Date(0) }) as never;

const page = { limit: 1, after: null };
const operationId = "op_01JD5V8Q9WB2C4D6E8F0G1H3J5";
const webhookId = "whk_01JD5V8Q9C3E5G7J9M1P3R5T7V";
const quarantineId = "qua_01JD5V8Q9C3E5G7J9M1P3R5T7V";
const keyId = "key_01JD5V8Q9C3E5G7J9M1P3R5T7V";
const impersonationId = "imp_01JD5V8Q9C3E5G7J9M1P3R5T7V";
const anything = {} as never;

/**
 * The verb of each operation, asked for something of this tenant. An operation without a line here does not compile: add
 * one, so that the service layer's decision on it is compared with the authorizer's.
 */
export const verbs: Record<Guarded, (ctx: Context, tenantId: string) => unknown> = {
  createTenant: (ctx) => registerTenant(ports, ports)(ctx, anything),
  listTenants: (ctx) => listTenants(ports)(ctx, {}, page),
  getTenant: (ctx, tenantId) => getTenant(ports)(ctx, { tenantId }),
  getTenantUsage: (ctx, tenantId) => getTenantUsage(ports)(ctx, { tenantId } as never),
  getTenantUsageChart: (ctx, tenantId) => getUsageChart(ports)(ctx, { tenantId } as never),
  listOperations: (ctx) => listOperations(ports)(ctx, {}, page),
  getOperation: (ctx, tenantId) => getOperation(onOperation(tenantId))(ctx, { operationId }),
  retryOperation: (ctx, tenantId) => retryOperation(onOperation(tenantId))(ctx, { operationId }),
  cancelOperation: (ctx, tenantId) => cancelOperation(onOperation(tenantId))(ctx, { operationId }),
  createStorageCredentials: (ctx, tenantId) => createStorageCredentials(ports)(ctx, { tenantId, seconds: 900 }),
  createOwnStorageCredentials: (ctx) => createOwnStorageCredentials(ports)(ctx, { seconds: 900 }),
  createWebhook: (ctx) => createWebhook(ports)(ctx, anything),
  listWebhooks: (ctx) => listWebhooks(ports)(ctx, page),
  getWebhook: (ctx) => getWebhook(ports)(ctx, { webhookId }),
  deleteWebhook: (ctx) => deleteWebhook(ports)(ctx, { webhookId }),
  listWebhookDeliveries: (ctx) => listWebhookDeliveries(ports)(ctx, { webhookId }, page),
  redeliverWebhook: (ctx) => redeliverWebhook(ports)(ctx, { webhookId, deliveryId: "d" }),
  listQuarantine: (ctx) => listQuarantine(ports)(ctx, anything, page),
  getQuarantined: (ctx) => getQuarantined(ports)(ctx, quarantineId),
  redriveQuarantined: (ctx) => redriveQuarantined(ports)(ctx, quarantineId),
  createAdjustment: (ctx, tenantId) => createAdjustment(ports)(ctx, { tenantId } as never),
  listAdjustments: (ctx) => listAdjustments(ports)(ctx, {}, page),
  submitUsageEvents: (ctx) => submitUsage(ports)(ctx, anything),
  listPlans: (ctx) => listPlans(ports)(ctx),
  getPlan: (ctx) => getPlan(ports)(ctx, { tier: "trial" }),
  putPlan: (ctx) => putPlan(ports)(ctx, { tier: "trial", plan: anything }),
  listInvoices: (ctx, tenantId) => listInvoices(ports)(ctx, { tenantId }, page),
  getInvoice: (ctx, tenantId) => getInvoice(ports)(ctx, { tenantId, month: "2026-01" }),
  listOwnInvoices: async (ctx) => listInvoices(ports)(ctx, { tenantId: ownTenant(ctx) }, page),
  getOwnInvoice: async (ctx) => getInvoice(ports)(ctx, { tenantId: ownTenant(ctx), month: "2026-01" }),
  enableWebhook: (ctx) => enableWebhook(ports)(ctx, { webhookId }),
  rotateWebhookSecret: (ctx) => rotateWebhookSecret(ports)(ctx, { webhookId, overlapSeconds: 0 }),
  getEntitlements: (ctx, tenantId) => getEntitlements(ports)(ctx, { tenantId }),
  putEntitlements: (ctx, tenantId) => putEntitlements(ports)(ctx, { tenantId, quotas: anything }),
  putBillingAccount: (ctx, tenantId) =>
    putBillingAccount(ports)(ctx, { tenantId, stripe_customer: null, marketplace_customer: null }),
  getOwnEntitlements: async (ctx) => getEntitlements(ports)(ctx, { tenantId: ownTenant(ctx) }),
  getOwnUsage: (ctx) => getOwnUsage(ports)(ctx, anything),
  listUsage: (ctx) => listUsage(ports)(ctx, anything, page),
  listMeters: (ctx) => listMeters(ports)(ctx),
  putMeter: (ctx) => putMeter(ports)(ctx, anything),
  listAudit: (ctx) => listAudit(ports)(ctx, anything, page),
  listOwnAudit: (ctx) => listOwnAudit(ports)(ctx, anything, page),
  createApiKey: (ctx) => createApiKey(ports)(ctx, { name: "k", scopes: [] }),
  listApiKeys: (ctx) => listApiKeys(ports)(ctx, page),
  revokeApiKey: (ctx) => revokeApiKey(ports)(ctx, { id: keyId }),
  rotateApiKey: (ctx) => rotateApiKey(ports)(ctx, { id: keyId, overlapSeconds: 0 }),
  listUsers: (ctx) => listUsers(ports)(ctx, page),
  inviteUser: (ctx) => inviteUser(ports)(ctx, { email: "a@b.example", roles: ["tenant-viewer"] }),
  getUser: (ctx) => getUser(ports)(ctx, { userId: "u" }),
  changeUser: (ctx) => changeUser(ports)(ctx, { userId: "u" }),
  removeUser: (ctx) => removeUser(ports)(ctx, { userId: "u" }),
  listTenantUsers: (ctx, tenantId) => listTenantUsers(ports)(ctx, { tenantId }, page),
  startImpersonation: (ctx, tenantId) =>
    startImpersonation(ports)(ctx, { tenantId, userId: "u", reason: "ticket", minutes: 5 }),
  listImpersonations: (ctx, tenantId) => listImpersonations(ports)(ctx, { tenantId }, page),
  endImpersonation: (ctx, tenantId) => endImpersonation(running(tenantId))(ctx, { tenantId, id: impersonationId }),
  listInvitations: (ctx) => listInvitations(ports)(ctx),
  acceptInvitation: (ctx, orgId) => acceptInvitation(ports)(ctx, { orgId }),
  listRoles: (ctx) => listRoles(ports)(ctx),
  putRole: (ctx) => putRole(ports)(ctx, { name: "helper", permissions: [] }),
  deleteRole: (ctx) => deleteRole(ports)(ctx, { name: "helper" }),
  getSso: async (ctx) => getSso(ports)(ctx, { tenantId: ownTenant(ctx) }),
  putSso: async (ctx) => putSso(ports)(ctx, { tenantId: ownTenant(ctx) }, anything),
  deleteSso: async (ctx) => deleteSso(ports)(ctx, { tenantId: ownTenant(ctx) }),
  getTenantSso: (ctx, tenantId) => getSso(ports)(ctx, { tenantId }),
  putTenantSso: (ctx, tenantId) => putSso(ports)(ctx, { tenantId }, anything),
  deleteTenantSso: (ctx, tenantId) => deleteSso(ports)(ctx, { tenantId }),
  listSessions: (ctx) => listSessions(ports)(ctx),
  endSession: (ctx) => endSession(ports)(ctx, { sessionId: "s" }),
  endAllSessions: (ctx) => endAllSessions(ports)(ctx),
  switchOrganization: (ctx, orgId) => switchOrganization(memberOf(ctx.actor.orgId))(ctx, { orgId }),
};
