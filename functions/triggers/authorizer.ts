import { accessTokens, poolFromSettings, remembering } from "@tenantry/aws/token";
import { authorizer } from "@tenantry/lambda/authorizer";

export const handler = authorizer(remembering(accessTokens(poolFromSettings())));
