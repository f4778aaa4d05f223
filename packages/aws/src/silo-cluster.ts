import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  type DBCluster,
  DBClusterAlreadyExistsFault,
  DBClusterNotFoundFault,
  type DBInstance,
  DBInstanceAlreadyExistsFault,
  DBInstanceNotFoundFault,
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  InvalidDBClusterStateFault,
  InvalidDBInstanceStateFault,
  RDSClient,
} from "@aws-sdk/client-rds";
import { NotReadyYet, ProvisioningError } from "@tenantry/core/provisioning/errors";
import { z } from "zod";

export const SiloSettings = z.object({
  /** What the clusters' names begin with: `<app>-<stage>`. */
  prefix: z.string(),
  engineVersion: z.string(),
  subnetGroup: z.string(),
  securityGroups: z.array(z.string()),
  /** Aurora capacity units. */
  capacity: z.object({ min: z.number(), max: z.number() }),
  backupDays: z.number(),
});
export type SiloSettings = z.infer<typeof SiloSettings>;

type Silo = {
  readonly identifier: string;
  readonly host: string;
  readonly port: number;
  /** The secret in which RDS keeps the administrator's password, which it makes and rotates itself. */
  readonly masterArn: string;
};

/** Aurora clusters with one tenant each. Both verbs throw `NotReadyYet` as long as AWS is at it; ask again later. */
export interface SiloClusters {
  ensure(tenantId: string): Promise<Silo>;
  /** Gone with all data and without a last snapshot. */
  release(tenantId: string): Promise<void>;
}

const engine = "aurora-postgresql";
/** Whose a cluster is. */
const ownerTag = "tenantry:tenant";

/** States that do not pass by themselves. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html */
const broken = /^(failed|incompatible-|inaccessible-|restore-error|storage-full)/;

export const siloClusters = (settings: SiloSettings, rds = new RDSClient({})): SiloClusters => {
  const nameOf = (tenantId: string): string => `${settings.prefix}-${tenantId.toLowerCase().replaceAll("_", "-")}`;

  const find = async (tenantId: string): Promise<{ cluster: DBCluster | null; instance: DBInstance | null }> => {
    const name = nameOf(tenantId);
    const [clusters, instances] = await Promise.all([
      rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: name })).catch(none(DBClusterNotFoundFault)),
      rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: name })).catch(none(DBInstanceNotFoundFault)),
    ]);
    const cluster = clusters?.DBClusters?.[0] ?? null;
    const owner = cluster?.TagList?.find(({ Key }) => Key === ownerTag)?.Value;
    if (cluster !== null && owner !== tenantId)
      throw new ProvisioningError("NameTaken", `The cluster ${name} exists and is not this tenant's.`);
    return { cluster, instance: instances?.DBInstances?.[0] ?? null };
  };

  const createCluster = async (tenantId: string): Promise<void> => {
    const request = new CreateDBClusterCommand({
      DBClusterIdentifier: nameOf(tenantId),
      Engine: engine,
      EngineVersion: settings.engineVersion,
      MasterUsername: "tenantry",
      ManageMasterUserPassword: true,
      DBSubnetGroupName: settings.subnetGroup,
      VpcSecurityGroupIds: settings.securityGroups,
      ServerlessV2ScalingConfiguration: { MinCapacity: settings.capacity.min, MaxCapacity: settings.capacity.max },
      BackupRetentionPeriod: settings.backupDays,
      StorageEncrypted: true,
      CopyTagsToSnapshot: true,
      Tags: [{ Key: ownerTag, Value: tenantId }],
    });
    await rds.send(request).catch(none(DBClusterAlreadyExistsFault));
  };

  const createInstance = (tenantId: string): Promise<unknown> =>
    rds
      .send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: nameOf(tenantId),
          DBClusterIdentifier: nameOf(tenantId),
          DBInstanceClass: "db.serverless",
          Engine: engine,
          PubliclyAccessible: false,
          Tags: [{ Key: ownerTag, Value: tenantId }],
        }),
      )
      .catch(none(DBInstanceAlreadyExistsFault));

  return {
    async ensure(tenantId) {
      const { cluster, instance } = await find(tenantId);
      if (cluster === null) await createCluster(tenantId);
      // An instance of a cluster that is going away would go with it.
      if (instance === null && cluster?.Status !== "deleting") await createInstance(tenantId);
      const states = [cluster?.Status ?? "creating", instance?.DBInstanceStatus ?? "creating"];
      if (states.some((state) => broken.test(state)))
        throw new ProvisioningError("ClusterBroken", `The cluster ${nameOf(tenantId)} is ${states.join(", ")}.`);
      if (states.some((state) => state !== "available") || cluster?.Endpoint === undefined)
        throw new NotReadyYet(`The cluster ${nameOf(tenantId)} is ${states.join(", its instance ")}.`);
      const { Endpoint: host, Port: port = 5432, MasterUserSecret } = cluster;
      const masterArn = MasterUserSecret?.SecretArn;
      if (masterArn === undefined)
        throw new ProvisioningError("ClusterBroken", `RDS does not manage the password of ${nameOf(tenantId)}.`);
      return { identifier: nameOf(tenantId), host, port, masterArn };
    },

    async release(tenantId) {
      const name = nameOf(tenantId);
      const { cluster, instance } = await find(tenantId);
      if (cluster === null && instance === null) return;
      // What is still being made, or was gone the moment before, is looked at again later.
      const passing = none(
        InvalidDBInstanceStateFault,
        InvalidDBClusterStateFault,
        DBInstanceNotFoundFault,
        DBClusterNotFoundFault,
      );
      if (instance !== null && instance.DBInstanceStatus !== "deleting")
        await rds
          .send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: name, SkipFinalSnapshot: true }))
          .catch(passing);
      if (cluster !== null && cluster.Status !== "deleting")
        await rds
          .send(new DeleteDBClusterCommand({ DBClusterIdentifier: name, SkipFinalSnapshot: true }))
          .catch(passing);
      throw new NotReadyYet(`The cluster ${name} is being deleted.`);
    },
  };
};

type Fault = abstract new (...args: never[]) => Error;

/** For `catch`: null for these errors, and the others go on. */
const none =
  (...faults: readonly Fault[]) =>
  (error: unknown): null => {
    if (faults.some((fault) => error instanceof fault)) return null;
    throw error;
  };
