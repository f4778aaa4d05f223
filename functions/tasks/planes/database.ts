import { setting } from "@tenantry/aws/config";
import { postgresDatabases } from "@tenantry/aws/database";
import { siloClusters, SiloSettings } from "@tenantry/aws/silo-cluster";
import { loginFrom, tenantSecrets } from "@tenantry/aws/tenant-secrets";

const secrets = tenantSecrets(setting("TENANT_SECRETS"));

export const databases = postgresDatabases(
  {
    host: setting("DATABASE_HOST"),
    port: Number(setting("DATABASE_PORT")),
    admin: loginFrom(setting("DATABASE_SECRET")),
  },
  secrets,
  siloClusters(SiloSettings.parse(JSON.parse(setting("SILO_CLUSTERS"))), secrets),
);
