import { setting } from "@tenantry/aws/config";
import { cognitoUsers } from "@tenantry/aws/identity";

export const users = cognitoUsers(setting("USER_POOL_ID"));
