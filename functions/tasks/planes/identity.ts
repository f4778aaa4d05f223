import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { cognitoUsers } from "@tenantry/aws/identity";
import { dynamoIssuers } from "@tenantry/aws/issuers";
import { gatewayUsageKeys } from "@tenantry/aws/usage-keys";

export const users = cognitoUsers({
  userPoolId: setting("USER_POOL_ID"),
  clientId: setting("USER_POOL_CLIENT_ID"),
  poolName: setting("TENANT_POOL_NAME"),
});

export const issuers = dynamoIssuers(documents(), setting("CONTROL_TABLE"));

export const usageKeys = gatewayUsageKeys(setting("USAGE_PLANS"));
