import type { OperationStatus } from "@tenantry/core/operation/operation";
import type { TenantStatus } from "@tenantry/core/tenant/tenant";
import type { TierName } from "@tenantry/core/tenant/tier";

/**
 * The keys of every item in the Control table, and of its two indexes. What is listed sorts by id, which is by time.
 *
 * | entity | pk | sk | gsi1 | gsi2 |
 * | --- | --- | --- | --- | --- |
 * | tenant | TENANT#id | TENANT | TENANTS / id | TENANTS#status#tier / id |
 * | slug | SLUG#slug | SLUG | | |
 * | what a request made | IDEMPOTENCY#caller | MADE#operation#hash of the key | | |
 * | operation | OPERATION#id | OPERATION | OPERATIONS#status / id | OPERATIONS#tenant / id |
 * | membership | USER#id | MEMBERSHIP#tenant | MEMBERS#tenant / user | |
 * | issuer | ISSUER#pool | CLIENT#client | ISSUERS#tenant / pool#client | |
 * | audit | AUDIT#tenant | id | AUDIT / id | |
 * | end of an audit chain | AUDIT#tenant | CHAIN | AUDITCHAINS / tenant | |
 * | event | EVENT#id | EVENT | | |
 * | webhook | WEBHOOK#id | WEBHOOK | WEBHOOKS / id | |
 * | delivery | WEBHOOK#webhook | DELIVERY#id | DELIVERIES#webhook / id | pending: DELIVERIES_DUE / time # id |
 * | quota use | QUOTAS | USE | | |
 * | notice | OPERATION#id | NOTICE | | |
 * | progress | PROGRESS#organisation | time # operation # seq | | |
 * | adjustment | ADJUSTMENT#id | ADJUSTMENT | ADJUSTMENTS#status / id | ADJUSTMENTS#tenant / id |
 * | adjustment-claim | ADJUSTMENT_CLAIM#what | ADJUSTMENT_CLAIM | | |
 * | subscriber | SUBSCRIBERS#organisation | connection # operation | SUBSCRIPTIONS#connection / operation | |
 * | plan | PLAN#tier | VERSION#number | | |
 * | invoice | INVOICES#tenant | month | | INVOICES#unexported / number, until its files are there |
 * | numbers | INVOICE_NUMBERS | year | | |
 * | closed month | CLOSED_MONTHS | month | | |
 * | api-key | APIKEY#id | APIKEY | APIKEYS#tenant / id | |
 * | role | ROLE#tenant | ROLE#name | | |
 * | choice | USER#id | CHOICE | | |
 * | session | SESSION#user | SESSION#id | | |
 * | impersonation | IMPERSONATION#id | IMPERSONATION | IMPERSONATIONS#tenant / id | |
 * | which one a member of staff began last | IMPERSONATION#user | CURRENT | | |
 * | denials of a minute | DENIALS#org | minute # actor # permission | | DENIALS_DUE / minute # …, while some are not told |
 * | sign-out | SESSION#user | SIGN-OUT | | |
 * | standing | ENTITLEMENTS#tenant | STANDING | | |
 * | billing account | EXPORTS#tenant | ACCOUNT | BILLING_ACCOUNTS / tenant | |
 * | export cursor | EXPORTS#tenant | exporter#meter | | |
 */
export const keys = {
  tenant: (id: string) => ({ pk: `TENANT#${id}`, sk: "TENANT" }),
  slug: (slug: string) => ({ pk: `SLUG#${slug}`, sk: "SLUG" }),
  operation: (id: string) => ({ pk: `OPERATION#${id}`, sk: "OPERATION" }),
  membership: (userId: string, tenantId: string) => ({ ...keys.user(userId), sk: `${membershipPrefix}${tenantId}` }),
  /** The partition of a user's memberships. */
  user: (userId: string) => ({ pk: `USER#${userId}` }),
  issuer: (poolId: string, clientId: string) => ({ pk: `ISSUER#${poolId}`, sk: `CLIENT#${clientId}` }),
  /** How much of each quota tenants take. */
  quotas: { pk: "QUOTAS", sk: "USE" },
  audit: (tenantId: string, id: string) => ({ pk: auditPartition(tenantId), sk: id }),
  auditChain: (tenantId: string) => ({ pk: auditPartition(tenantId), sk: "CHAIN" }),
  event: (id: string) => ({ pk: `EVENT#${id}`, sk: "EVENT" }),
  webhook: (id: string) => ({ pk: `WEBHOOK#${id}`, sk: "WEBHOOK" }),
  delivery: (webhookId: string, id: string) => ({ pk: `WEBHOOK#${webhookId}`, sk: `DELIVERY#${id}` }),
  /** That the owner has been told of what the operation did. */
  notice: (operationId: string) => ({ pk: `OPERATION#${operationId}`, sk: "NOTICE" }),
  /** What an organisation is told of operations, the platform or a tenant. */
  progress: (orgId: string, position: string) => ({ pk: `PROGRESS#${orgId}`, sk: position }),
  subscriber: (orgId: string, connectionId: string, operationId: string) => ({
    pk: `SUBSCRIBERS#${orgId}`,
    sk: `${connectionId}#${operationId}`,
  }),
  adjustment: (id: string) => ({ pk: `ADJUSTMENT#${id}`, sk: "ADJUSTMENT" }),
  /** That an event of usage is voided, or about to be. */
  adjustmentClaim: (claim: string) => ({ pk: `ADJUSTMENT_CLAIM#${claim}`, sk: "ADJUSTMENT_CLAIM" }),
  plan: (tier: TierName, version: number) => ({
    pk: `PLAN#${tier}`,
    sk: `VERSION#${String(version).padStart(6, "0")}`,
  }),
  invoice: (tenantId: string, month: string) => ({ pk: `INVOICES#${tenantId}`, sk: month }),
  /** The last number given to an invoice of the year. */
  invoiceNumbers: (year: string) => ({ pk: "INVOICE_NUMBERS", sk: year }),
  /** How a tenant stands with its quotas. */
  standing: (tenantId: string) => ({ pk: `ENTITLEMENTS#${tenantId}`, sk: "STANDING" }),
  billingAccount: (tenantId: string) => ({ pk: `EXPORTS#${tenantId}`, sk: "ACCOUNT" }),
  exportCursor: (tenantId: string, exporter: string, meter: string) => ({
    pk: `EXPORTS#${tenantId}`,
    sk: `${exporter}#${meter}`,
  }),
  closedMonth: (month: string) => ({ pk: "CLOSED_MONTHS", sk: month }),
  /** For which of their organisations a user acts. */
  choice: (userId: string) => ({ pk: `USER#${userId}`, sk: "CHOICE" }),
  /** Sessions are apart from what else is known of a user: the authorizer writes here and nowhere else. */
  session: (userId: string, id: string) => ({ pk: `SESSION#${userId}`, sk: `${sessionPrefix}${id}` }),
  apiKey: (id: string) => ({ pk: `APIKEY#${id}`, sk: "APIKEY" }),
  /** A tenant's own role. */
  role: (tenantId: string, name: string) => ({ pk: rolesOf(tenantId), sk: `ROLE#${name}` }),
  impersonation: (id: string) => ({ pk: `IMPERSONATION#${id}`, sk: "IMPERSONATION" }),
  /** The impersonation that a member of staff began last. */
  impersonating: (userId: string) => ({ pk: `IMPERSONATION#${userId}`, sk: "CURRENT" }),
  denials: (orgId: string, minute: string, actor: string, permission: string) => ({
    pk: `DENIALS#${orgId}`,
    sk: `${minute}#${actor}#${permission}`,
  }),
  /** What the request under this key made. */
  making: (caller: string, operation: string, keyHash: string) => ({
    pk: idempotencyPartition(caller),
    sk: `MADE#${operation}#${keyHash}`,
  }),
  signOut: (userId: string) => ({ pk: `SESSION#${userId}`, sk: "SIGN-OUT" }),
} as const;

/** The partition of one caller's idempotency keys; each sorts by its operation and a hash of the key. */
export const idempotencyPartition = (caller: string): string => `IDEMPOTENCY#${caller}`;

/** The partition of one tenant's audit trail. */
export const auditPartition = (tenantId: string): string => `AUDIT#${tenantId}`;
/** The partition of a tenant's own roles. */
export const rolesOf = (tenantId: string): string => `ROLE#${tenantId}`;

export const membershipPrefix = "MEMBERSHIP#";
export const sessionPrefix = "SESSION#";

/** A partition of an index. */
export type Partition = { readonly index: "gsi1" | "gsi2"; readonly value: string };

/** The partitions that lists read, one or several merged. */
export const partitions = {
  tenants: { index: "gsi1", value: "TENANTS" },
  tenantsIn: (status: TenantStatus, tier: TierName) => ({ index: "gsi2", value: `TENANTS#${status}#${tier}` }),
  operationsIn: (status: OperationStatus) => ({ index: "gsi1", value: `OPERATIONS#${status}` }),
  operationsOn: (tenantId: string) => ({ index: "gsi2", value: `OPERATIONS#${tenantId}` }),
  issuersOf: (tenantId: string) => ({ index: "gsi1", value: `ISSUERS#${tenantId}` }),
  audit: { index: "gsi1", value: "AUDIT" },
  auditChains: { index: "gsi1", value: "AUDITCHAINS" },
  apiKeysOf: (tenantId: string) => ({ index: "gsi1", value: `APIKEYS#${tenantId}` }),
  impersonationsOf: (tenantId: string) => ({ index: "gsi1", value: `IMPERSONATIONS#${tenantId}` }),
  denialsDue: { index: "gsi2", value: "DENIALS_DUE" },
  webhooks: { index: "gsi1", value: "WEBHOOKS" },
  deliveriesTo: (webhookId: string) => ({ index: "gsi1", value: `DELIVERIES#${webhookId}` }),
  /** One partition for all: events of a control plane are some a second at the most. */
  deliveriesDue: { index: "gsi2", value: "DELIVERIES_DUE" },
  subscriptionsOf: (connectionId: string) => ({ index: "gsi1", value: `SUBSCRIPTIONS#${connectionId}` }),
  billingAccounts: { index: "gsi1", value: "BILLING_ACCOUNTS" },
  unexportedInvoices: { index: "gsi2", value: "INVOICES#unexported" },
  adjustmentsIn: (status: "pending" | "applied") => ({ index: "gsi1", value: `ADJUSTMENTS#${status}` }),
  adjustmentsOf: (tenantId: string) => ({ index: "gsi2", value: `ADJUSTMENTS#${tenantId}` }),
  membersOf: (tenantId: string) => ({ index: "gsi1", value: `MEMBERS#${tenantId}` }),
} as const satisfies Record<string, Partition | ((...args: never[]) => Partition)>;

/** The attributes that put an item into a partition of an index. */
export const listedIn = ({ index, value }: Partition, sort: string) => ({
  [`${index}pk`]: value,
  [`${index}sk`]: sort,
});

/** What an item is: `entity` on every item. The outbox's stream is filtered by `event`. */
export type Entity =
  | "tenant"
  | "slug"
  | "operation"
  | "membership"
  | "issuer"
  | "audit"
  | "audit-chain"
  | "event"
  | "webhook"
  | "delivery"
  | "notice"
  | "progress"
  | "adjustment"
  | "adjustment-claim"
  | "subscriber"
  | "plan"
  | "invoice"
  | "invoice_numbers"
  | "closed_month"
  | "billing_account"
  | "export_cursor"
  | "choice"
  | "session"
  | "sign-out"
  | "standing"
  | "api-key"
  | "impersonation"
  | "impersonating"
  | "denials"
  | "making"
  | "role";

const storage = new Set([
  "pk",
  "sk",
  "gsi1pk",
  "gsi1sk",
  "gsi2pk",
  "gsi2sk",
  "entity",
  "expires_at",
  "version",
  "flights",
  "access_epoch",
]);

/** An item without the attributes that only storage needs. */
export const withoutKeys = (item: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !storage.has(name)));
