import { z } from "zod";
import { define, none } from "./define.ts";
import { operationIdExample, pageOf, pathId, tenantIdExample } from "./schemas/common.ts";
import { ListOperationsQuery, Operation } from "./schemas/operation.ts";
import { CreateTenantBody, ListTenantsQuery, Tenant } from "./schemas/tenant.ts";

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

/** The operations on tenants and on what is done to them. */
export const tenantOperations = {
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
} as const;
