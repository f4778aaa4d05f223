import { Quotas } from "@tenantry/core/entitlement/quota";
import { tierNames } from "@tenantry/core/tenant/tier";
import { Instant } from "@tenantry/core/time";
import { z } from "zod";
import { instantExample, tenantIdExample, TenantId } from "./common.ts";

const quotaExample = { api_calls: { soft: "800000", hard: "1000000" } };

export const PutEntitlementsBody = z.strictObject({ quotas: Quotas }).meta({
  id: "PutEntitlements",
  description:
    "Quotas of a tenant's own by meter, instead of those it had. They go before its tier's, meter by meter; a limit that is null is none.",
  example: { quotas: quotaExample },
});

const Limit = z.string().nullable();

const Entitlement = z.strictObject({
  meter: z.string(),
  source: z.enum(["tier", "override"]).meta({ description: "Whose quota it is." }),
  soft: Limit.meta({ description: "Reaching 80 % and 100 % of it is told of." }),
  hard: Limit.meta({ description: "The same; and when it is reached the API refuses." }),
  used: z.string().meta({ description: "In the running month: an exact decimal." }),
  status: z.enum(["within", "soft-reached", "hard-reached"]),
});

export const Entitlements = z
  .strictObject({
    tenant_id: TenantId,
    tier: z.enum(tierNames),
    month: z.string(),
    resets_at: Instant.meta({ description: "When the month's quotas begin anew." }),
    entitlements: z.array(Entitlement),
    as_of: Instant,
  })
  .meta({
    id: "Entitlements",
    description: "What a tenant may use in the running month (UTC), and what it has used.",
    example: {
      tenant_id: tenantIdExample,
      tier: "standard",
      month: "2026-11",
      resets_at: "2026-12-01T00:00:00.000Z",
      entitlements: [
        { meter: "api_calls", source: "override", ...quotaExample.api_calls, used: "812000.5", status: "soft-reached" },
      ],
      as_of: instantExample,
    },
  });
