import { z } from "zod";
import { define, none } from "./define.ts";
import { pathId, tenantIdExample } from "./schemas/common.ts";
import { PutSsoBody, Sso } from "./schemas/sso.ts";

const success = {
  status: 200,
  description: "The identity provider.",
  contentType: "application/json",
  body: Sso,
} as const;
const own = { tag: "Users", query: none, params: none, success } as const;
const any = {
  ...own,
  params: z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) }),
} as const;

const reading = {
  summary: "Get single sign-on",
  description: "The identity provider that the tenant's users sign in with, without its secret.",
  body: null,
  problems: ["tenant-not-found", "sso-not-configured"],
} as const;
const putting = {
  summary: "Set single sign-on up",
  description:
    "Has the tenant's users sign in with an OpenID Connect provider. Whoever it sends becomes a member of this tenant with the role `tenant-member`. The secret is never shown.",
  body: PutSsoBody,
  problems: ["tenant-not-found", "sso-not-available", "sso-issuer-refused", "state-conflict", "quota-used-up"],
} as const;
const deleting = {
  summary: "End single sign-on",
  description:
    "Nobody signs in with the identity provider from then on, and whoever did is refused within half a minute.",
  body: null,
  problems: ["tenant-not-found", "sso-not-configured"],
} as const;

/** The operations on tenants' identity providers. */
export const ssoOperations = {
  getSso: define("getSso", { ...own, ...reading }),
  putSso: define("putSso", { ...own, ...putting }),
  deleteSso: define("deleteSso", { ...own, ...deleting }),
  getTenantSso: define("getTenantSso", { ...any, ...reading, summary: "Get a tenant's single sign-on" }),
  putTenantSso: define("putTenantSso", { ...any, ...putting, summary: "Set a tenant's single sign-on up" }),
  deleteTenantSso: define("deleteTenantSso", { ...any, ...deleting, summary: "End a tenant's single sign-on" }),
};
