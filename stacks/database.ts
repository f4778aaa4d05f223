import { allow } from "./functions";
import { vpc } from "./network";
import { production } from "./settings";

const version = "17.4";
const backupDays = production ? 35 : 1;

/** The shared PostgreSQL server. It scales to zero outside production. */
export const database = new sst.aws.Aurora("Database", {
  engine: "postgres",
  version,
  vpc,
  // RDS makes it, keeps it in a secret of its own and changes it every week: `databaseAdmin`.
  password: "managed by RDS",
  scaling: production ? { min: "0.5 ACU", max: "16 ACU" } : { min: "0 ACU", max: "4 ACU" },
  transform: {
    cluster: (args) => {
      delete args.masterPassword;
      args.manageMasterUserPassword = true;
      args.deletionProtection = production;
      args.backupRetentionPeriod = backupDays;
      args.copyTagsToSnapshot = true;
      args.enabledCloudwatchLogsExports = ["postgresql"];
    },
  },
});

/** The secret with the login of its administrator. */
export const databaseAdmin = database.nodes.cluster!.masterUserSecrets.apply(([secret]) => secret.secretArn);

const prefix = `${$app.name}-${$app.stage}`;
const subnetGroup = database.nodes.cluster!.dbSubnetGroupName;

/** How clusters of one tenant are made at run time: beside the shared one, in its subnets and security groups. */
export const siloClusters = $jsonStringify({
  prefix,
  engineVersion: version,
  subnetGroup,
  securityGroups: vpc.securityGroups,
  capacity: production ? { min: 0.5, max: 16 } : { min: 0, max: 2 },
  backupDays,
});

const place = $interpolate`${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}`;
const arnOf = (kind: string, name: $util.Input<string>) => $interpolate`arn:aws:rds:${place}:${kind}:${name}`;
/** Clusters of tenants and nothing else that there may be. */
const silos = [arnOf("cluster", `${prefix}-ten-*`), arnOf("db", `${prefix}-ten-*`)];

export const lookAtSilos = allow(["rds:DescribeDBClusters", "rds:DescribeDBInstances"], ...silos);
/** RDS makes the secret of a cluster's administrator in the name of who makes the cluster. */
const masters = $interpolate`arn:aws:secretsmanager:${place}:secret:rds!cluster-*`;
export const createSilos = [
  allow(
    ["rds:CreateDBCluster", "rds:CreateDBInstance", "rds:AddTagsToResource"],
    ...silos,
    arnOf("subgrp", subnetGroup),
  ),
  allow(["secretsmanager:CreateSecret", "secretsmanager:TagResource"], masters),
  allow(["kms:DescribeKey"], $interpolate`arn:aws:kms:${place}:key/*`),
];
/** The administrators of tenants' clusters, and of no other that RDS keeps a secret for. */
export const readSiloMasters = {
  ...allow(["secretsmanager:GetSecretValue"], masters),
  conditions: [
    {
      test: "ArnLike",
      variable: "aws:ResourceTag/aws:rds:primaryDBClusterArn",
      values: [arnOf("cluster", `${prefix}-ten-*`)],
    },
  ],
};
export const deleteSilos = allow(["rds:DeleteDBCluster", "rds:DeleteDBInstance"], ...silos);
