import { type Needed, signedIn } from "@tenantry/core/access/decide";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type Route = {
  readonly method: Method;
  /** As API Gateway writes it: `/admin/tenants/{tenant_id}`. */
  readonly path: string;
  /** What the token must permit. `signed-in` is open to every user, `null` to everybody. */
  readonly permission: Needed;
};

/** Every route and the permission it needs. Apart from the schemas, so that the authorizer can have the one without the other. */
export const routes = {
  createTenant: { method: "POST", path: "/admin/tenants", permission: "tenants:create" },
  listTenants: { method: "GET", path: "/admin/tenants", permission: "tenants:read" },
  getTenant: { method: "GET", path: "/admin/tenants/{tenant_id}", permission: "tenants:read" },
  getTenantUsageChart: { method: "GET", path: "/admin/tenants/{tenant_id}/usage.svg", permission: "usage:read" },
  getTenantUsage: { method: "GET", path: "/admin/tenants/{tenant_id}/usage", permission: "usage:read" },
  listUsage: { method: "GET", path: "/admin/usage", permission: "usage:read" },
  getOwnUsage: { method: "GET", path: "/api/usage", permission: "usage:read" },
  listMeters: { method: "GET", path: "/admin/meters", permission: "meters:read" },
  putMeter: { method: "PUT", path: "/admin/meters/{name}", permission: "meters:write" },
  listOperations: { method: "GET", path: "/admin/operations", permission: "operations:read" },
  getOperation: { method: "GET", path: "/admin/operations/{operation_id}", permission: "operations:read" },
  retryOperation: {
    method: "POST",
    path: "/admin/operations/{operation_id}/retry",
    permission: "operations:retry",
  },
  cancelOperation: {
    method: "POST",
    path: "/admin/operations/{operation_id}/cancel",
    permission: "operations:cancel",
  },
  createStorageCredentials: {
    method: "POST",
    path: "/admin/tenants/{tenant_id}/storage-credentials",
    permission: "storage:credentials",
  },
  createOwnStorageCredentials: {
    method: "POST",
    path: "/api/storage-credentials",
    permission: "storage:credentials",
  },
  createWebhook: { method: "POST", path: "/admin/webhooks", permission: "webhooks:manage" },
  listWebhooks: { method: "GET", path: "/admin/webhooks", permission: "webhooks:read" },
  getWebhook: { method: "GET", path: "/admin/webhooks/{webhook_id}", permission: "webhooks:read" },
  deleteWebhook: { method: "DELETE", path: "/admin/webhooks/{webhook_id}", permission: "webhooks:manage" },
  listWebhookDeliveries: {
    method: "GET",
    path: "/admin/webhooks/{webhook_id}/deliveries",
    permission: "webhooks:read",
  },
  enableWebhook: { method: "POST", path: "/admin/webhooks/{webhook_id}/enable", permission: "webhooks:manage" },
  rotateWebhookSecret: {
    method: "POST",
    path: "/admin/webhooks/{webhook_id}/rotate-secret",
    permission: "webhooks:manage",
  },
  redeliverWebhook: {
    method: "POST",
    path: "/admin/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    permission: "webhooks:manage",
  },
  listQuarantine: { method: "GET", path: "/admin/usage/quarantine", permission: "quarantine:read" },
  getQuarantined: { method: "GET", path: "/admin/usage/quarantine/{entry_id}", permission: "quarantine:read" },
  redriveQuarantined: {
    method: "POST",
    path: "/admin/usage/quarantine/{entry_id}/redrive",
    permission: "quarantine:redrive",
  },
  submitUsageEvents: { method: "POST", path: "/usage/events", permission: "usage:write" },
  listPlans: { method: "GET", path: "/admin/plans", permission: "plans:read" },
  getPlan: { method: "GET", path: "/admin/plans/{tier}", permission: "plans:read" },
  putPlan: { method: "PUT", path: "/admin/plans/{tier}", permission: "plans:write" },
  listInvoices: { method: "GET", path: "/admin/tenants/{tenant_id}/invoices", permission: "invoices:read" },
  getInvoice: { method: "GET", path: "/admin/tenants/{tenant_id}/invoices/{month}", permission: "invoices:read" },
  listOwnInvoices: { method: "GET", path: "/api/invoices", permission: "invoices:read" },
  getOwnInvoice: { method: "GET", path: "/api/invoices/{month}", permission: "invoices:read" },
  listSessions: { method: "GET", path: "/api/sessions", permission: signedIn },
  endAllSessions: { method: "DELETE", path: "/api/sessions", permission: signedIn },
  endSession: { method: "DELETE", path: "/api/sessions/{session_id}", permission: signedIn },
  switchOrganization: { method: "POST", path: "/api/session/switch", permission: signedIn },
  getEntitlements: {
    method: "GET",
    path: "/admin/tenants/{tenant_id}/entitlements",
    permission: "entitlements:read",
  },
  putEntitlements: {
    method: "PUT",
    path: "/admin/tenants/{tenant_id}/entitlements",
    permission: "entitlements:write",
  },
  putBillingAccount: {
    method: "PUT",
    path: "/admin/tenants/{tenant_id}/billing-account",
    permission: "billing-accounts:write",
  },
  getOwnEntitlements: { method: "GET", path: "/api/entitlements", permission: "entitlements:read" },
  listAudit: { method: "GET", path: "/admin/audit", permission: "audit:read" },
  listOwnAudit: { method: "GET", path: "/api/audit", permission: "audit:read" },
  createApiKey: { method: "POST", path: "/api/api-keys", permission: "api-keys:manage" },
  listApiKeys: { method: "GET", path: "/api/api-keys", permission: "api-keys:read" },
  revokeApiKey: { method: "DELETE", path: "/api/api-keys/{key_id}", permission: "api-keys:manage" },
  rotateApiKey: { method: "POST", path: "/api/api-keys/{key_id}/rotate", permission: "api-keys:manage" },
  listUsers: { method: "GET", path: "/api/users", permission: "users:read" },
  inviteUser: { method: "POST", path: "/api/users", permission: "users:manage" },
  getUser: { method: "GET", path: "/api/users/{user_id}", permission: "users:read" },
  changeUser: { method: "PATCH", path: "/api/users/{user_id}", permission: "users:manage" },
  removeUser: { method: "DELETE", path: "/api/users/{user_id}", permission: "users:manage" },
  listTenantUsers: { method: "GET", path: "/admin/tenants/{tenant_id}/users", permission: "users:read" },
  startImpersonation: {
    method: "POST",
    path: "/admin/tenants/{tenant_id}/users/{user_id}/impersonations",
    permission: "impersonations:manage",
  },
  listImpersonations: {
    method: "GET",
    path: "/admin/tenants/{tenant_id}/impersonations",
    permission: "impersonations:read",
  },
  endImpersonation: {
    method: "DELETE",
    path: "/admin/tenants/{tenant_id}/impersonations/{impersonation_id}",
    permission: "impersonations:manage",
  },
  listInvitations: { method: "GET", path: "/api/invitations", permission: signedIn },
  acceptInvitation: { method: "POST", path: "/api/invitations/{org_id}/accept", permission: signedIn },
  listRoles: { method: "GET", path: "/api/roles", permission: "users:read" },
  putRole: { method: "PUT", path: "/api/roles/{role_name}", permission: "roles:manage" },
  deleteRole: { method: "DELETE", path: "/api/roles/{role_name}", permission: "roles:manage" },
  getSso: { method: "GET", path: "/api/sso", permission: "sso:read" },
  putSso: { method: "PUT", path: "/api/sso", permission: "sso:write" },
  deleteSso: { method: "DELETE", path: "/api/sso", permission: "sso:write" },
  getTenantSso: { method: "GET", path: "/admin/tenants/{tenant_id}/sso", permission: "sso:read" },
  putTenantSso: { method: "PUT", path: "/admin/tenants/{tenant_id}/sso", permission: "sso:write" },
  deleteTenantSso: { method: "DELETE", path: "/admin/tenants/{tenant_id}/sso", permission: "sso:write" },
  createAdjustment: { method: "POST", path: "/admin/usage/adjustments", permission: "usage:adjust" },
  listAdjustments: { method: "GET", path: "/admin/usage/adjustments", permission: "usage:adjust" },
  getHealth: { method: "GET", path: "/health", permission: null },
  getOpenapi: { method: "GET", path: "/openapi.json", permission: null },
  getDocs: { method: "GET", path: "/docs", permission: null },
  getDocsViewer: { method: "GET", path: "/docs/viewer.js", permission: null },
  getProblem: { method: "GET", path: "/problems/{code}", permission: null },
} as const satisfies Record<string, Route>;

export type OperationName = keyof typeof routes;

const byKey: ReadonlyMap<string, Route> = new Map(
  Object.values(routes).map((route) => [`${route.method} ${route.path}`, route]),
);

/** The route of a request as API Gateway names it: its method and its resource. */
export const findRoute = (method: string, resource: string): Route | undefined => byKey.get(`${method} ${resource}`);

/** The permission of a route as its method and resource name it; `none` where the contract has no such route. */
export const permissionOf = (route: string): string => byKey.get(route)?.permission ?? "none";
