import { accessFacts } from "@tenantry/aws/access-facts";
import { accessGate } from "@tenantry/aws/access-gate";
import { cachedIssuers, issuerReader } from "@tenantry/aws/issuer-reader";
import { tenantTokens } from "@tenantry/aws/tenant-tokens";
import { poolFromSettings } from "@tenantry/aws/token";
import { websocketAuthorizer } from "@tenantry/lambda/websocket-authorizer";

const keptMillis = 5000;

const tokens = tenantTokens(poolFromSettings(), cachedIssuers(issuerReader(), keptMillis));

export const handler = websocketAuthorizer(accessGate(tokens, accessFacts(), { keptMillis }));
