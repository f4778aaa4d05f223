import { usageKeyOf } from "@tenantry/core/tenant/usage-key";
import type { RawItem } from "./table-fetch.ts";

/** What the gateway counts a tenant's requests under; empty where onboarding made no key. */
export const usageKeyIn = (tenantId: string, tenant: RawItem | undefined): { readonly usageKey?: string } =>
  tenant?.["resources"]?.M?.["identity"]?.M?.["usage_key_id"]?.S === undefined
    ? {}
    : { usageKey: usageKeyOf(tenantId) };
