import { setting } from "@tenantry/aws/config";
import { postgresDatabases } from "@tenantry/aws/database";
import { siloClusters, SiloSettings } from "@tenantry/aws/silo-cluster";
import { loginFrom, tenantSecrets } from "@tenantry/aws/tenant-secrets";

const secrets = tenantSecrets(setting("TENANT_SECRETS"), {
  functionArn: setting("ROTATION_FUNCTION"),
  days: Number(setting("ROTATION_DAYS")),
});
const masterArn = setting("DATABASE_SECRET");

export const databases = postgresDatabases(
  { host: setting("DATABASE_HOST"), port: Number(setting("DATABASE_PORT")), masterArn, admin: loginFrom(masterArn) },
  secrets,
  siloClusters(SiloSettings.parse(JSON.parse(setting("SILO_CLUSTERS")))),
);
