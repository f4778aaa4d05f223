import { ofType } from "../../deploy/graph.ts";
import type { AwsRequest, Service } from "../../gateway/service.ts";
import type { Host, Part, PartFactory } from "../../part.ts";
import { verifyPresigned } from "../sts.ts";
import { accessEntryType, accessPolicyType, clusterType, readAccess } from "./access.ts";
import { answerKubernetes, type ServedCluster } from "./api.ts";
import { bootstrap } from "./bootstrap.ts";
import { createCluster } from "./cluster.ts";
import { openObjects } from "./objects.ts";
import { parseTarget } from "./route.ts";
import { failureStatus, StatusError } from "./status.ts";
import { tokenReader, type VerifyPresigned } from "./token.ts";

const pathPattern = /^\/_eks\/([^/]+)(\/.*)?$/;

const pathOf = (url: URL): { cluster: string; path: string } | undefined => {
  const [, cluster, path = "/"] = pathPattern.exec(url.pathname) ?? [];
  return cluster === undefined ? undefined : { cluster: decodeURIComponent(cluster), path };
};

/** Such as `GET namespaces`: what fault rules and logs see. */
const actionOf = (request: AwsRequest): string | null => {
  const path = pathOf(request.url)?.path;
  if (path === undefined) return null;
  return `${request.method} ${parseTarget(path)?.kind.plural ?? path}`;
};

/** The Kubernetes APIs of the deployed EKS clusters, with tokens verified by the caller's means. */
export const createKubernetesPart = async (host: Host, verify: VerifyPresigned): Promise<Part> => {
  const authenticate = tokenReader(verify);
  let clusters: ReadonlyMap<string, ServedCluster> = new Map();
  const service: Service = {
    name: "kubernetes",
    claims: (url) => pathPattern.test(url.pathname),
    action: actionOf,
    permissions: () => [],
    async handle(request) {
      const { cluster: name = "", path = "/" } = pathOf(request.url) ?? {};
      const served = clusters.get(name);
      if (served !== undefined) return answerKubernetes(served, path, request, authenticate);
      const error = new StatusError(404, "NotFound", `There is no cluster ${name}.`);
      return {
        status: 404,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(failureStatus(error)),
      };
    },
  };
  const close = (): void => {
    for (const { cluster } of clusters.values()) cluster.close();
  };
  return {
    name: "kubernetes",
    services: [service],
    types: [clusterType, accessEntryType, accessPolicyType],
    async apply(graph) {
      close();
      const next = ofType(graph, clusterType).map(({ outputs }): [string, ServedCluster] => {
        const name = String(outputs["name"]);
        const objects = openObjects(host.store, name);
        const { data = "" } = (outputs["certificateAuthority"] ?? {}) as { data?: string };
        const cluster = createCluster(objects, Buffer.from(data, "base64").toString());
        bootstrap(objects);
        cluster.start();
        const version = String(outputs["version"] ?? "1.34");
        return [name, { name, version, cluster, access: readAccess(graph, name) }];
      });
      clusters = new Map(next);
    },
    async close() {
      close();
    },
  };
};

/** The Kubernetes APIs of the deployed EKS clusters; the gateway's STS says whose a token is. */
export const kubernetesPart: PartFactory = async (host) =>
  createKubernetesPart(host, (url, headers) => verifyPresigned(host.endpoint, url, headers));
