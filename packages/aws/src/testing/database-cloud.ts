import { readFile } from "node:fs/promises";
import { RDSClient } from "@aws-sdk/client-rds";
import { CreateSecretCommand, ListSecretsCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Databases } from "@tenantry/core/provisioning/ports";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { planeNames } from "@tenantry/core/provisioning/names";
import type { RotationStep } from "@tenantry/core/rotation/ports";
import type { Tenant } from "@tenantry/core/tenant/tenant";
import { type TierName, tiers } from "@tenantry/core/tenant/tier";
import { authorityFile, postgres } from "@tenantry/local-cloud/engines/postgres";
import { graphOf, startTestCloud } from "@tenantry/local-cloud/gateway/testing";
import { secretsManager } from "@tenantry/local-cloud/services/secrets/part";
import { Client } from "pg";
import { postgresDatabases } from "../database.ts";
import type { DatabaseServer } from "../database-server.ts";
import { siloClusters } from "../silo-cluster.ts";
import { type DatabaseCredentials, tenantSecrets } from "../tenant-secrets.ts";
import { rotationFunction, rotationResources, rotationSettings } from "./rotation.ts";

const folder = "tenantry/test/tenants";
/** As on RDS, the master user creates roles and databases and is no superuser. */
const master = { username: "master", password: "it's secret" };

const settings = {
  prefix: "tenantry-test",
  engineVersion: "17.4",
  subnetGroup: "subnets",
  securityGroups: ["sg-1"],
  capacity: { min: 0, max: 2 },
  backupDays: 1,
};

/** The shared server, Secrets Manager and RDS, and the adapters on them. */
export const startDatabaseCloud = async () => {
  /** Fails the rotation's step of this name. */
  const dying: { in?: RotationStep | undefined } = {};
  const rotate = rotationFunction(
    () => ({ client: manager, ca }),
    (step) => {
      if (step === dying.in) throw new Error("The function died.");
    },
  );
  const cloud = await startTestCloud([postgres, secretsManager], undefined, rotate);
  await cloud.apply(
    graphOf(
      {
        type: "aws:rds/cluster:Cluster",
        name: "Database",
        inputs: { masterUsername: master.username, masterPassword: master.password },
      },
      ...rotationResources,
    ),
  );
  const ca = await readFile(authorityFile(cloud.host.data), "utf8");
  const manager = new SecretsManagerClient(cloud.client());
  const { ARN: masterArn = "" } = await manager.send(
    new CreateSecretCommand({ Name: "shared-master", SecretString: JSON.stringify(master) }),
  );
  const secrets = tenantSecrets(folder, rotationSettings, manager);
  const rds = new RDSClient(cloud.client());
  const admin = () => secrets.admin(masterArn);
  const shared: DatabaseServer = { ...cloud.host.postgres, masterArn, admin, tls: { ca } };
  const databases: Databases = postgresDatabases(shared, secrets, siloClusters(settings, rds));

  const connect = async (login: Omit<DatabaseCredentials, "engine" | "masterarn">): Promise<Client> => {
    const { username: user, password, dbname: database, host, port } = login;
    const client = new Client({ host, port, user, password, database, ssl: { ca } });
    // Whoever is released while connected is thrown out.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };

  let count = 0;
  return {
    cloud,
    shared,
    manager,
    dying,
    secrets,
    rds,
    databases,
    connect,
    adminOf: (dbname: string) => connect({ ...master, ...cloud.host.postgres, dbname }),
    /** A tenant that nothing has been made for. */
    tenant(tier: TierName, more: Partial<Tenant> = {}): Tenant {
      count += 1;
      const id = `ten_01JD0000000000000000000${String(count).padStart(3, "0")}`;
      return aTenant({ id, tier, slug: `t-${count}`, ...more });
    },
    ensure({ id, slug, tier }: Tenant) {
      const { database: name } = planeNames(slug);
      return databases.ensure({ tenantId: id, slug, isolation: tiers[tier].database, name, role: name });
    },
    async loginAs(tenant: Tenant, more: Partial<DatabaseCredentials> = {}): Promise<Client> {
      const { credentials } = await secrets.database(tenant.id, () => {
        throw new Error("There is no secret.");
      });
      return connect({ ...credentials, ...more });
    },
    /** Names of the secrets that a tenant has. */
    async secretsOf(tenant: Tenant): Promise<string[]> {
      const Filters = [{ Key: "name" as const, Values: [`${folder}/${tenant.id}/`] }];
      const { SecretList = [] } = await manager.send(new ListSecretsCommand({ Filters, IncludePlannedDeletion: true }));
      return SecretList.map(({ Name = "" }) => Name.split("/").at(-1)!).toSorted();
    },
  };
};

/** Runs a statement. */
export const rows = async (client: Client, sql: string, values: unknown[] = []): Promise<unknown[]> =>
  (await client.query<Record<string, unknown>>(sql, values)).rows;
