import { z } from "zod";
import { auditOperations } from "./audit-operations.ts";
import { type Operation as ApiOperation, define, none } from "./define.ts";
import type { OperationName } from "./routes.ts";
import { operationIdExample, pageOf, pathId, tenantIdExample } from "./schemas/common.ts";
import { ListOperationsQuery, Operation } from "./schemas/operation.ts";
import { problemCodes } from "./schemas/problem.ts";
import { CreateTenantBody, ListTenantsQuery, Tenant } from "./schemas/tenant.ts";

import { adjustmentOperations } from "./adjustment-operations.ts";
import { quarantineOperations } from "./quarantine-operations.ts";
import { intakeOperations } from "./intake-operations.ts";
import { billingOperations } from "./billing-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { entitlementOperations } from "./entitlement-operations.ts";
import { storageOperations } from "./storage-operations.ts";
import { usageOperations } from "./usage-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { ssoOperations } from "./sso-operations.ts";
import { impersonationOperations } from "./impersonation-operations.ts";
import { userOperations } from "./user-operations.ts";
import { webhookOperations } from "./webhook-operations.ts";

export type { OperationName } from "./routes.ts";

const json = "application/json";
const tenantParams = z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) });

const operationParams = z.strictObject({ operation_id: pathId("The operation's id.", operationIdExample) });

/** The headers that lead to an operation that has only begun. */
const followUp = z.object({
  location: z.string().meta({ description: "The operation.", example: `/admin/operations/${operationIdExample}` }),
  "retry-after": z.string().meta({ description: "Seconds to wait before a look at it.", example: "1" }),
});

const accepted = (description: string) =>
  ({ status: 202, description, contentType: json, body: Operation, headers: followUp }) as const;

/** Every operation of the API by its id. `functions/api/<id in kebab-case>.ts` answers it. */
export const operations = {
  createTenant: define("createTenant", {
    tag: "Tenants",
    summary: "Onboard a tenant",
    description:
      "Registers a tenant and starts its onboarding. Follow the operation in `Location` until it has succeeded: then the tenant is active.",
    params: none,
    query: none,
    body: CreateTenantBody,
    success: {
      status: 202,
      description: "The tenant is registered and its onboarding runs.",
      contentType: json,
      body: z.strictObject({ tenant: Tenant, operation: Operation }),
      headers: followUp,
    },
    problems: ["tenant-exists", "quota-used-up"],
  }),
  listTenants: define("listTenants", {
    tag: "Tenants",
    summary: "List tenants",
    description: "Tenants, the newest first, page by page.",
    params: none,
    query: ListTenantsQuery,
    body: null,
    success: { status: 200, description: "A page of tenants.", contentType: json, body: pageOf(Tenant) },
    problems: ["invalid-cursor"],
  }),
  getTenant: define("getTenant", {
    tag: "Tenants",
    summary: "Get a tenant",
    description: "A tenant with what onboarding has made for it.",
    params: tenantParams,
    query: none,
    body: null,
    success: { status: 200, description: "The tenant.", contentType: json, body: Tenant },
    problems: ["tenant-not-found"],
  }),
  ...usageOperations,
  listOperations: define("listOperations", {
    tag: "Operations",
    summary: "List operations",
    description:
      "Operations, the newest first, page by page. A tenant's own users see those on their tenant, without how a step failed.",
    params: none,
    query: ListOperationsQuery,
    body: null,
    success: { status: 200, description: "A page of operations.", contentType: json, body: pageOf(Operation) },
    problems: ["invalid-cursor", "tenant-not-found"],
  }),
  getOperation: define("getOperation", {
    tag: "Operations",
    summary: "Get an operation",
    description:
      "An operation with each of its steps. A tenant's own users see those on their tenant, without how a step failed.",
    params: operationParams,
    query: none,
    body: null,
    success: { status: 200, description: "The operation.", contentType: json, body: Operation },
    problems: ["operation-not-found"],
  }),
  retryOperation: define("retryOperation", {
    tag: "Operations",
    summary: "Retry an operation",
    description: "Begins a failed or cancelled operation anew, as another attempt of the same operation.",
    params: operationParams,
    query: none,
    body: null,
    success: accepted("Another attempt begins."),
    problems: ["operation-not-found", "state-conflict", "quota-used-up"],
  }),
  cancelOperation: define("cancelOperation", {
    tag: "Operations",
    summary: "Cancel an operation",
    description:
      "Stops an onboarding whose tenant is not active yet and takes back what was made. Follow the operation until it is `cancelled`.",
    params: operationParams,
    query: none,
    body: null,
    success: accepted("What was made is being taken back."),
    problems: ["operation-not-found", "state-conflict"],
  }),
  ...intakeOperations,
  ...sessionOperations,
  ...userOperations,
  ...ssoOperations,
  ...impersonationOperations,
  ...keyOperations,
  ...storageOperations,
  ...webhookOperations,
  ...quarantineOperations,
  ...adjustmentOperations,
  ...billingOperations,
  ...entitlementOperations,
  ...auditOperations,
  getHealth: define("getHealth", {
    tag: "Service",
    summary: "Ask whether the API is up",
    description: "Answers without a token and without a look at anything else.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The API is up.",
      contentType: json,
      body: z.strictObject({ status: z.literal("ok") }),
    },
    problems: [],
  }),
  getOpenapi: define("getOpenapi", {
    tag: "Service",
    summary: "Get this document",
    description: "The API as OpenAPI 3.1.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The OpenAPI document.",
      contentType: json,
      body: z.looseObject({ openapi: z.string() }),
    },
    problems: [],
  }),
  getDocs: define("getDocs", {
    tag: "Service",
    summary: "Read the documentation",
    description: "The API for people.",
    params: none,
    query: none,
    body: null,
    success: { status: 200, description: "A page.", contentType: "text/html; charset=utf-8", body: z.string() },
    problems: [],
  }),
  getDocsViewer: define("getDocsViewer", {
    tag: "Service",
    summary: "Get the documentation's viewer",
    description: "The script of the page at `/docs`.",
    params: none,
    query: none,
    body: null,
    success: { status: 200, description: "A script.", contentType: "text/javascript; charset=utf-8", body: z.string() },
    problems: [],
  }),
  getProblem: define("getProblem", {
    tag: "Service",
    summary: "Read about a problem",
    description: "The page that a problem's `type` leads to.",
    params: z.strictObject({
      code: z.string().min(1).max(64).meta({ description: "The problem.", example: problemCodes[0] }),
    }),
    query: none,
    body: null,
    success: { status: 200, description: "A page.", contentType: "text/html; charset=utf-8", body: z.string() },
    problems: ["not-found"],
  }),
} as const satisfies { [Id in OperationName]: ApiOperation & { id: Id } };
