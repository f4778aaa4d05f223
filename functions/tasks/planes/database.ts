import { setting } from "@tenantry/aws/config";
import { postgresDatabases } from "@tenantry/aws/database";
import { loginFrom, tenantSecrets } from "@tenantry/aws/tenant-secrets";

export const databases = postgresDatabases(
  {
    host: setting("DATABASE_HOST"),
    port: Number(setting("DATABASE_PORT")),
    admin: loginFrom(setting("DATABASE_SECRET")),
  },
  tenantSecrets(setting("TENANT_SECRETS")),
);
