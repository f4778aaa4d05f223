import { cachedIssuers, issuerReader } from "@tenantry/aws/issuer-reader";
import { tenantTokens } from "@tenantry/aws/tenant-tokens";
import { poolFromSettings } from "@tenantry/aws/token";
import { authorizer } from "@tenantry/lambda/authorizer";

/** With the gateway's own cache of 20 seconds, a client that is taken away is out within 25. */
const issuersKeptMillis = 5000;

export const handler = authorizer(tenantTokens(poolFromSettings(), cachedIssuers(issuerReader(), issuersKeptMillis)));
