import { z } from "zod";
import { define, none } from "./define.ts";
import { pathId, tenantIdExample } from "./schemas/common.ts";
import { Entitlements, PutEntitlementsBody } from "./schemas/entitlement.ts";

const shared = {
  tag: "Billing",
  query: none,
  success: { status: 200, description: "The entitlements.", contentType: "application/json", body: Entitlements },
  problems: ["tenant-not-found"],
} as const;

const tenantParams = z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) });

/** The operations on entitlements. */
export const entitlementOperations = {
  getEntitlements: define("getEntitlements", {
    ...shared,
    summary: "Get a tenant's entitlements",
    description: "What a tenant may use in the running month, and what it has used.",
    params: tenantParams,
    body: null,
  }),
  putEntitlements: define("putEntitlements", {
    ...shared,
    summary: "Give a tenant quotas of its own",
    description:
      "Replaces the quotas that go before those of the tenant's tier; none lets the tier's count again. They count within seconds.",
    params: tenantParams,
    body: PutEntitlementsBody,
  }),
  getOwnEntitlements: define("getOwnEntitlements", {
    ...shared,
    summary: "Get your own entitlements",
    description: "What your tenant may use in the running month, and what it has used.",
    params: none,
    body: null,
  }),
};
