import { accessFacts } from "@tenantry/aws/access-facts";
import { accessGate } from "@tenantry/aws/access-gate";
import { apiKeyFacts, apiKeyGate, keysOr } from "@tenantry/aws/api-key-gate";
import { setting } from "@tenantry/aws/config";
import { cachedIssuers, issuerReader } from "@tenantry/aws/issuer-reader";
import { tenantTokens } from "@tenantry/aws/tenant-tokens";
import { poolFromSettings } from "@tenantry/aws/token";
import { authorizer } from "@tenantry/lambda/authorizer";

/** With the gateway's own cache of 20 seconds, whoever is shut out is out within 25. */
const keptMillis = 5000;

const tokens = tenantTokens(poolFromSettings(), cachedIssuers(issuerReader(), keptMillis));

export const handler = authorizer(
  keysOr(apiKeyGate(apiKeyFacts(), { keptMillis }), accessGate(tokens, accessFacts(), { keptMillis })),
  { platform: setting("PLATFORM_USAGE_KEY"), others: setting("SHARED_USAGE_KEY") },
);
