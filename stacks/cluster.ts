import { vpc } from "./network";

/**
 * The Kubernetes cluster that holds a namespace for each tenant: EKS in Auto Mode, which brings nodes, the Pod
 * Identity agent, load balancing and storage. Access is by IAM alone.
 */
const clusterRole = new aws.iam.Role("ClusterRole", {
  assumeRolePolicy: $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] },
    ],
  }),
  managedPolicyArns: [
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
  ].map((name) => `arn:aws:iam::aws:policy/${name}`),
});

const nodeRole = new aws.iam.Role("ClusterNodeRole", {
  assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "ec2.amazonaws.com" }),
  managedPolicyArns: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"].map(
    (name) => `arn:aws:iam::aws:policy/${name}`,
  ),
});

export const cluster = new aws.eks.Cluster("Cluster", {
  name: `${$app.name}-${$app.stage}`,
  roleArn: clusterRole.arn,
  version: "1.34",
  accessConfig: { authenticationMode: "API" },
  bootstrapSelfManagedAddons: false,
  computeConfig: { enabled: true, nodePools: ["general-purpose", "system"], nodeRoleArn: nodeRole.arn },
  kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
  storageConfig: { blockStorage: { enabled: true } },
  vpcConfig: { subnetIds: vpc.privateSubnets, endpointPublicAccess: true, endpointPrivateAccess: true },
  enabledClusterLogTypes: ["api", "audit", "authenticator"],
});

/** What a function needs to reach the cluster's API. */
export const clusterAddress = {
  CLUSTER_NAME: cluster.name,
  CLUSTER_ENDPOINT: cluster.endpoint,
  CLUSTER_CA: cluster.certificateAuthority.data,
};

/** Lets a role manage namespaces and what is in them. */
export const admitToCluster = (name: string, roleArn: $util.Input<string>) => {
  const entry = new aws.eks.AccessEntry(`${name}AccessEntry`, { clusterName: cluster.name, principalArn: roleArn });
  new aws.eks.AccessPolicyAssociation(`${name}AccessPolicy`, {
    clusterName: cluster.name,
    principalArn: entry.principalArn,
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    accessScope: { type: "cluster" },
  });
};
