import { databaseLogins } from "@tenantry/aws/database-logins";
import { secretVersions } from "@tenantry/aws/secret-versions";
import { DatabaseCredentials, loginFrom } from "@tenantry/aws/tenant-secrets";
import { rotateSecret } from "@tenantry/core/rotation/rotate-secret";
import { rotation } from "@tenantry/lambda/rotation";

const logins = databaseLogins((masterArn) => loginFrom(masterArn)());

export const handler = rotation(rotateSecret({ versions: secretVersions(DatabaseCredentials), logins }));
