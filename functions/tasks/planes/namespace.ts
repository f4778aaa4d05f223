import { optionalSetting, setting } from "@tenantry/aws/config";
import { eksToken } from "@tenantry/aws/eks-token";
import { endpointFor } from "@tenantry/aws/endpoint";
import { gitRepository } from "@tenantry/aws/git-repository";
import { gitCredentials, gitopsCluster } from "@tenantry/aws/gitops";
import { eksCluster } from "@tenantry/aws/namespace";
import { eksPodIdentities, withPodIdentities } from "@tenantry/aws/pod-identity";

const name = setting("CLUSTER_NAME");

const gitops = () => {
  const remote = { url: setting("GITOPS_REPOSITORY"), branch: setting("GITOPS_BRANCH") };
  return gitopsCluster(
    name,
    remote,
    gitRepository({ ...remote, credentials: gitCredentials(setting("GITOPS_SECRET")) }),
  );
};

const direct = () =>
  eksCluster({
    name,
    endpoint: setting("CLUSTER_ENDPOINT"),
    ca: optionalSetting("CLUSTER_CA"),
    token: () =>
      eksToken({
        cluster: name,
        region: setting("AWS_REGION"),
        sts: endpointFor("sts"),
        key: {
          accessKeyId: setting("AWS_ACCESS_KEY_ID"),
          secretAccessKey: setting("AWS_SECRET_ACCESS_KEY"),
          sessionToken: optionalSetting("AWS_SESSION_TOKEN"),
        },
      }),
  });

export const cluster = withPodIdentities(
  setting("NAMESPACE_DRIVER") === "gitops" ? gitops() : direct(),
  eksPodIdentities(name, setting("TENANT_POD_ROLE")),
);
