import { cachedIssuers, issuerReader } from "@tenantry/aws/issuer-reader";
import { tenantTokens } from "@tenantry/aws/tenant-tokens";
import { poolFromSettings } from "@tenantry/aws/token";
import { websocketAuthorizer } from "@tenantry/lambda/websocket-authorizer";

const issuersKeptMillis = 5000;

export const handler = websocketAuthorizer(
  tenantTokens(poolFromSettings(), cachedIssuers(issuerReader(), issuersKeptMillis)),
);
