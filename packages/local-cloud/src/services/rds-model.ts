import { AwsError } from "../gateway/service.ts";
import { namedList } from "../protocols/xml.ts";

export type Tag = { readonly Key: string; readonly Value: string };

/** A cluster as it is kept. */
export type ClusterRecord = {
  readonly id: string;
  readonly arn: string;
  readonly resourceId: string;
  readonly status: "creating" | "available" | "deleting" | "failed";
  readonly engine: string;
  readonly engineVersion: string | undefined;
  readonly user: string;
  /** The sealed password, until the server knows it. */
  readonly password: string | null;
  /** The secret that RDS keeps the password in, where it manages that itself. */
  readonly secret?: string;
  /** The version of that secret that a rotation makes, until it is the current one. */
  readonly rotating?: string | null;
  readonly database: string | null;
  readonly subnetGroup: string | undefined;
  readonly securityGroups: readonly string[];
  readonly capacity: { readonly MinCapacity: number; readonly MaxCapacity: number } | undefined;
  readonly backupDays: number;
  readonly encrypted: boolean;
  readonly protected: boolean;
  readonly tags: readonly Tag[];
  readonly createdAt: string;
  /** Of the stack: its server is the one that all those share. */
  readonly shared?: true;
};

export type InstanceRecord = {
  readonly id: string;
  readonly arn: string;
  readonly resourceId: string;
  readonly cluster: string;
  readonly status: "creating" | "available" | "deleting" | "failed";
  readonly className: string;
  readonly public: boolean;
  readonly tags: readonly Tag[];
  readonly createdAt: string;
};

export const fault = {
  clusterExists: (id: string) => new AwsError("DBClusterAlreadyExistsFault", `DB Cluster already exists: ${id}`, 400),
  noCluster: (id: string) => new AwsError("DBClusterNotFoundFault", `DBCluster ${id} not found.`, 404),
  clusterState: (message: string) => new AwsError("InvalidDBClusterStateFault", message, 400),
  instanceExists: (id: string) => new AwsError("DBInstanceAlreadyExists", `DB instance already exists: ${id}`, 400),
  noInstance: (id: string) => new AwsError("DBInstanceNotFound", `DBInstance ${id} not found.`, 404),
  instanceState: (message: string) => new AwsError("InvalidDBInstanceState", message, 400),
  parameter: (message: string) => new AwsError("InvalidParameterValue", message, 400),
  combination: (message: string) => new AwsError("InvalidParameterCombination", message, 400),
};

/** Identifiers are kept in lower case: 1 to 63 letters, digits or hyphens, a letter first, no hyphen last or twice. */
export const identifier = (name: string, value: unknown): string => {
  const id = typeof value === "string" ? value.toLowerCase() : "";
  if (!/^[a-z](?:-?[a-z0-9])*$/.test(id) || id.length > 63)
    throw fault.parameter(`The parameter ${name} is not a valid identifier.`);
  return id;
};

/** A cluster as DescribeDBClusters shows it. */
export const showCluster = (
  cluster: ClusterRecord,
  address: { readonly host: string; readonly port: number },
  members: readonly InstanceRecord[],
) => ({
  DBClusterIdentifier: cluster.id,
  DBClusterArn: cluster.arn,
  DbClusterResourceId: cluster.resourceId,
  Status: cluster.status,
  Engine: cluster.engine,
  EngineVersion: cluster.engineVersion,
  EngineMode: "provisioned",
  Endpoint: address.host,
  ReaderEndpoint: address.host,
  Port: address.port,
  MasterUsername: cluster.user,
  MasterUserSecret:
    cluster.secret === undefined
      ? undefined
      : { SecretArn: cluster.secret, SecretStatus: cluster.rotating ? "rotating" : "active" },
  DatabaseName: cluster.database ?? undefined,
  DBSubnetGroup: cluster.subnetGroup,
  VpcSecurityGroups: namedList(
    "VpcSecurityGroupMembership",
    cluster.securityGroups.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: "active" })),
  ),
  ServerlessV2ScalingConfiguration: cluster.capacity,
  BackupRetentionPeriod: cluster.backupDays,
  StorageEncrypted: cluster.encrypted,
  DeletionProtection: cluster.protected,
  ClusterCreateTime: cluster.createdAt,
  DBClusterMembers: namedList(
    "DBClusterMember",
    members.map(({ id }) => ({ DBInstanceIdentifier: id, IsClusterWriter: true, PromotionTier: 1 })),
  ),
  TagList: namedList("Tag", cluster.tags),
});

/** An instance as DescribeDBInstances shows it. */
export const showInstance = (
  instance: InstanceRecord,
  cluster: ClusterRecord | undefined,
  address: { readonly host: string; readonly port: number },
) => ({
  DBInstanceIdentifier: instance.id,
  DBInstanceArn: instance.arn,
  DbiResourceId: instance.resourceId,
  DBClusterIdentifier: instance.cluster,
  DBInstanceClass: instance.className,
  DBInstanceStatus: instance.status,
  Engine: cluster?.engine,
  EngineVersion: cluster?.engineVersion,
  MasterUsername: cluster?.user,
  Endpoint: { Address: address.host, Port: address.port },
  PubliclyAccessible: instance.public,
  InstanceCreateTime: instance.createdAt,
  TagList: namedList("Tag", instance.tags),
});
