import { optionalSetting, setting } from "@tenantry/aws/config";
import { eksToken } from "@tenantry/aws/eks-token";
import { endpointFor } from "@tenantry/aws/endpoint";
import { eksCluster } from "@tenantry/aws/namespace";

const name = setting("CLUSTER_NAME");

export const cluster = eksCluster({
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
