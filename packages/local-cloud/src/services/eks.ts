import { type Graph, ofType } from "../deploy/graph.ts";
import { AwsError } from "../gateway/service.ts";
import type { PartFactory } from "../part.ts";
import { restService } from "../protocols/rest.ts";
import { type Association, createAssociations } from "./eks-associations.ts";
import { clusterType } from "./kubernetes/access.ts";

const associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation";

/** What else belongs to a cluster. The embedded one has no nodes, so there is nothing to install on them. */
const withoutEffect = ["addon:Addon", "nodeGroup:NodeGroup", "fargateProfile:FargateProfile"].map(
  (name) => `aws:eks/${name}`,
);

type Outputs = Readonly<Record<string, unknown>>;

const describe = (outputs: Outputs) => {
  const [identity] = (outputs["identities"] ?? []) as { oidcs?: unknown[] }[];
  return {
    name: outputs["name"],
    arn: outputs["arn"],
    createdAt: Date.parse(String(outputs["createdAt"])) / 1000,
    version: outputs["version"],
    endpoint: outputs["endpoint"],
    roleArn: outputs["roleArn"],
    certificateAuthority: outputs["certificateAuthority"],
    identity: { oidc: identity?.oidcs?.[0] },
    accessConfig: outputs["accessConfig"],
    status: "ACTIVE",
    platformVersion: outputs["platformVersion"],
    tags: outputs["tagsAll"] ?? outputs["tags"] ?? {},
  };
};

const deployed = (graph: Graph): Association[] =>
  ofType(graph, associationType).map(({ outputs }) => ({
    clusterName: String(outputs["clusterName"]),
    namespace: String(outputs["namespace"]),
    serviceAccount: String(outputs["serviceAccount"]),
    roleArn: String(outputs["roleArn"]),
    associationId: String(outputs["associationId"]),
    associationArn: String(outputs["associationArn"]),
    disableSessionTags: outputs["disableSessionTags"] === true,
    tags: (outputs["tags"] ?? {}) as Record<string, string>,
    createdAt: 0,
    modifiedAt: 0,
  }));

/** EKS's own API: the clusters of the deployment, and which role a pod has. */
export const eksPart: PartFactory = async (host) => {
  let clusters: ReadonlyMap<string, Outputs> = new Map();
  const associations = createAssociations(
    host.store.collection<Association>("eks-associations"),
    (rest) => `arn:aws:eks:${host.region}:${host.account}:podidentityassociation/${rest}`,
  );
  const cluster = (name = ""): Outputs => {
    const found = clusters.get(name);
    if (found !== undefined) return found;
    throw new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`, 404, { clusterName: name });
  };
  const nameOf = (params: Readonly<Record<string, string>>): string => String(cluster(params["name"])["name"]);
  const path = "/clusters/{name}/pod-identity-associations";
  const service = restService({
    name: "eks",
    routes: {
      "GET /clusters": { action: "ListClusters", handle: () => ({ clusters: [...clusters.keys()] }) },
      "GET /clusters/{name}": {
        action: "DescribeCluster",
        handle: (_input, { name }) => ({ cluster: describe(cluster(name)) }),
      },
      [`POST ${path}`]: {
        action: "CreatePodIdentityAssociation",
        handle: (input, params) => ({ association: associations.create(nameOf(params), input) }),
      },
      [`GET ${path}`]: {
        action: "ListPodIdentityAssociations",
        handle: (_input, params, { url }) => ({ associations: associations.list(nameOf(params), url.searchParams) }),
      },
      [`GET ${path}/{id}`]: {
        action: "DescribePodIdentityAssociation",
        handle: (_input, params) => ({ association: associations.describe(nameOf(params), params["id"] ?? "") }),
      },
      [`DELETE ${path}/{id}`]: {
        action: "DeletePodIdentityAssociation",
        handle: (_input, params) => ({ association: associations.remove(nameOf(params), params["id"] ?? "") }),
      },
    },
  });
  return {
    name: "eks",
    services: [service],
    types: [clusterType, associationType, ...withoutEffect],
    async apply(graph) {
      clusters = new Map(ofType(graph, clusterType).map(({ outputs }) => [String(outputs["name"]), outputs]));
      for (const association of deployed(graph)) associations.put(association);
    },
  };
};
