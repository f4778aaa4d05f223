import { type RequestLimits, sharedRequests, tierNames, tiers } from "@tenantry/core/tenant/tier";
import { api } from "./api";
import { sharedKeys, usagePrefix, usageTags } from "./usage-keys";

/**
 * What a key's requests are held to, at the API's stage. Onboarding puts each tenant's key into the plan of its tier,
 * which it finds by its name.
 */
const plan = (name: string, limits?: RequestLimits) =>
  new aws.apigateway.UsagePlan(`Requests${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
    name: `${usagePrefix}${name}`,
    apiStages: [{ apiId: api.nodes.api.id, stage: api.nodes.stage!.stageName }],
    ...(limits && {
      throttleSettings: { rateLimit: limits.rate, burstLimit: limits.burst },
      quotaSettings: { limit: limits.perDay, period: "DAY" },
    }),
    tags: usageTags,
  });

for (const tier of tierNames) plan(tier, tiers[tier].requests);

// Staff are held to nothing but the account's own limits: who looks after a flood must not stand in its queue.
const shared = { platform: plan("platform"), others: plan("shared", sharedRequests) };

for (const [name, key] of Object.entries(sharedKeys))
  new aws.apigateway.UsagePlanKey(`${name === "platform" ? "Platform" : "Shared"}PlanKey`, {
    usagePlanId: shared[name as keyof typeof shared].id,
    keyId: key.id,
    keyType: "API_KEY",
  });
