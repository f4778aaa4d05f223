import { ownFolder } from "./buckets";
import { allow } from "./functions";
import { vpc } from "./network";
import { gitops } from "./settings";

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
const clusterAddress = {
  CLUSTER_NAME: cluster.name,
  CLUSTER_ENDPOINT: cluster.endpoint,
  CLUSTER_CA: cluster.certificateAuthority.data,
};

const { accountId } = aws.getCallerIdentityOutput();

/** The one role of all tenants' pods: each reaches its own tenant's folder only. */
const tenantPodRole = new aws.iam.Role("TenantPodRole", {
  assumeRolePolicy: $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:SourceAccount": accountId,
            "aws:RequestTag/eks-cluster-arn": cluster.arn,
            "aws:RequestTag/kubernetes-service-account": "tenant-workload",
          },
          StringLike: { "aws:RequestTag/kubernetes-namespace": "tenant-*" },
        },
      },
    ],
  }),
  inlinePolicies: [
    {
      name: "own-folder",
      policy: $jsonStringify({
        Version: "2012-10-17",
        // EKS tags the session of each pod with its namespace, which bears the name of the tenant's folder and keys.
        Statement: ownFolder("kubernetes-namespace"),
      }),
    },
  ],
});

const associations = $interpolate`arn:aws:eks:${aws.getRegionOutput().region}:${accountId}:podidentityassociation/${cluster.name}/*`;
const readRepository = gitops === undefined ? [] : [allow(["secretsmanager:GetSecretValue"], gitops.secretArn)];
const readAssociations = [
  allow(["eks:ListPodIdentityAssociations"], cluster.arn),
  allow(["eks:DescribePodIdentityAssociation", "eks:DeletePodIdentityAssociation"], associations),
];

/** What the functions of the namespace plane are given. */
export const namespacePlane = {
  environment: {
    ...clusterAddress,
    TENANT_POD_ROLE: tenantPodRole.arn,
    NAMESPACE_DRIVER: gitops === undefined ? "direct" : "gitops",
    ...(gitops !== undefined && {
      GITOPS_REPOSITORY: gitops.repository,
      GITOPS_BRANCH: gitops.branch,
      GITOPS_SECRET: gitops.secretArn,
    }),
  },
  provision: [
    ...readAssociations,
    ...readRepository,
    allow(["eks:CreatePodIdentityAssociation"], cluster.arn),
    allow(["eks:TagResource"], associations),
    allow(["iam:GetRole", "iam:PassRole"], tenantPodRole.arn),
  ],
  release: [...readAssociations, ...readRepository],
};

/** Lets a role manage namespaces and what is in them, where it does so itself. */
export const admitToCluster = (name: string, roleArn: $util.Input<string>) => {
  if (gitops !== undefined) return;
  const entry = new aws.eks.AccessEntry(`${name}AccessEntry`, { clusterName: cluster.name, principalArn: roleArn });
  new aws.eks.AccessPolicyAssociation(`${name}AccessPolicy`, {
    clusterName: cluster.name,
    principalArn: entry.principalArn,
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    accessScope: { type: "cluster" },
  });
};
