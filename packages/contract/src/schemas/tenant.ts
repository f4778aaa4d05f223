import { features, regions } from "@tenantry/core/tenant/offer";
import { RegisterTenant } from "@tenantry/core/tenant/register";
import { Tenant as CoreTenant, TenantStatus } from "@tenantry/core/tenant/tenant";
import { tierNames } from "@tenantry/core/tenant/tier";
import { z } from "zod";
import { instantExample, pageQuery, tenantIdExample } from "./common.ts";

export const Tenant = CoreTenant.meta({
  id: "Tenant",
  description: "A tenant and what onboarding has made for it so far.",
  example: {
    id: tenantIdExample,
    slug: "acme-corp",
    name: "Acme Corp",
    tier: "premium",
    status: "provisioning",
    config: { region: regions[0], features: ["analytics", "api-access"] },
    owner: { email: "owner@acme.example" },
    resources: {},
    created_at: instantExample,
    updated_at: instantExample,
  },
});

export const CreateTenantBody = RegisterTenant.meta({
  id: "CreateTenant",
  description:
    "A tenant to onboard. `name`: 1 to 100 characters in any script, beginning with a letter or a digit, without control " +
    `characters and \`\\\`. \`config.region\`: ${regions.join(", ")}; the first if not given. ` +
    `\`config.features\`: any of ${features.join(", ")}. Without \`owner\` you are the owner.`,
  example: {
    name: "Acme Corp",
    tier: "premium",
    config: { region: "us-east-1", features: ["analytics", "api-access"] },
  },
});

export const ListTenantsQuery = z.strictObject({
  status: TenantStatus.optional().meta({ description: "Only tenants in this state.", example: "active" }),
  tier: z.enum(tierNames).optional().meta({ description: "Only tenants of this tier.", example: "premium" }),
  ...pageQuery,
});
