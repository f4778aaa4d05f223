import type { AwsRequest, AwsResponse } from "../../gateway/service.ts";
import type { Access } from "./access.ts";
import { parseBody } from "./body.ts";
import { type Answer, type Cluster, type PatchType, writeOptions } from "./cluster.ts";
import { discover } from "./discovery.ts";
import { type Attributes, isAllowed, type User } from "./rbac.ts";
import { parseTarget, type Target } from "./route.ts";
import { failureStatus, missing, noSuchResource, notAllowed, StatusError, unauthorized } from "./status.ts";

/** One cluster that answers under the gateway. */
export type ServedCluster = {
  readonly name: string;
  /** Such as `1.34`. */
  readonly version: string;
  readonly cluster: Cluster;
  readonly access: Access;
};

type Authenticate = (authorization: string | undefined, cluster: string) => Promise<{ arn: string } | undefined>;

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/apply-patch+yaml": "apply",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
};

const patchTypeOf = (request: AwsRequest): PatchType | undefined => {
  if (request.method !== "PATCH") return undefined;
  const given = request.headers["content-type"]?.split(";")[0] ?? "";
  const type = patchTypes[given];
  if (type !== undefined) return type;
  if (given === "application/json-patch+json") throw missing("JSON patch");
  throw new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${Object.keys(patchTypes).join(", ")}`,
    {},
  );
};

/** The verb of Kubernetes that a request is. */
const verbOf = (method: string, target: Target): string => {
  const one = target.name !== undefined;
  const verbs: Readonly<Record<string, string>> = one
    ? { GET: "get", PUT: "update", PATCH: "patch", DELETE: "delete" }
    : { GET: "list", POST: "create", DELETE: "deletecollection" };
  const verb = verbs[method];
  if (verb === undefined) throw notAllowed();
  return verb;
};

const attributesOf = (target: Target, verb: string): Attributes => ({
  verb,
  group: target.kind.group,
  resource: target.kind.plural + (target.subresource === undefined ? "" : `/${target.subresource}`),
  // Like the real server: a namespace lies in itself.
  namespace: target.kind.kind === "Namespace" ? (target.name ?? "") : target.namespace,
  name: target.name ?? "",
});

const mayNot = (user: User, { verb, group, resource, namespace, name }: Attributes): StatusError => {
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const what = group === "" ? resource : `${resource}.${group}`;
  const about = name === "" ? "" : ` "${name}"`;
  return new StatusError(
    403,
    "Forbidden",
    `${what}${about} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
    { group, kind: resource, name },
  );
};

const act = (
  cluster: Cluster,
  target: Target,
  verb: string,
  request: AwsRequest,
  warn: (text: string) => void,
): Answer => {
  const query = request.url.searchParams;
  if (verb === "get") return cluster.get(target);
  if (verb === "list") return cluster.list(target, query);
  const type = patchTypeOf(request);
  const options = writeOptions(query, request.headers["user-agent"] ?? "unknown", type, warn);
  const text = request.body.toString("utf8");
  switch (verb) {
    case "create":
      return cluster.create(target, text, options);
    case "update":
      return cluster.update(target, text, options);
    case "patch":
      return cluster.patch(target, type ?? "merge", text, options);
    case "delete":
      return cluster.remove(target, text, options);
    default:
      return cluster.removeAll(target, query, options);
  }
};

/** Whether the caller may do something: the one question that is asked by creating an object. */
const review = ({ cluster }: ServedCluster, user: User, text: string): Answer => {
  const body = parseBody(text) as { spec?: { resourceAttributes?: Partial<Attributes> & { subresource?: string } } };
  const asked = body.spec?.resourceAttributes;
  if (asked === undefined) throw missing("review of non-resource attributes");
  const { verb = "", group = "", resource = "", namespace = "", name = "", subresource } = asked;
  const full = resource + (subresource === undefined || subresource === "" ? "" : `/${subresource}`);
  const allowed = isAllowed(cluster.objects, user, { verb, group, resource: full, namespace, name });
  return { code: 201, body: { ...body, status: { allowed } } };
};

const json = (code: number, body: object | string, headers: Record<string, string | string[]> = {}): AwsResponse => ({
  status: code,
  headers: { "content-type": typeof body === "string" ? "text/plain" : "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** Answers one request to a cluster's API. `path` is what follows the cluster's name. */
export const answerKubernetes = async (
  served: ServedCluster,
  path: string,
  request: AwsRequest,
  authenticate: Authenticate,
): Promise<AwsResponse> => {
  const warnings: string[] = [];
  try {
    const identity = await authenticate(request.headers.authorization, served.name);
    const user = identity && served.access(identity);
    if (user === undefined) throw unauthorized();
    if (Object.keys(request.headers).some((name) => name.startsWith("impersonate-"))) throw missing("impersonation");
    const discovered = discover(path, served.version);
    if (discovered !== undefined) {
      if (request.method !== "GET") throw notAllowed();
      return json(200, discovered);
    }
    if (path === "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
      if (request.method !== "POST") throw notAllowed();
      const { code, body } = review(served, user, request.body.toString("utf8"));
      return json(code, body);
    }
    const target = parseTarget(path);
    if (target === undefined) throw noSuchResource();
    const verb = verbOf(request.method, target);
    const wanted = attributesOf(target, verb);
    if (!isAllowed(served.cluster.objects, user, wanted)) throw mayNot(user, wanted);
    if (target.subresource !== undefined && !(target.subresource === "status" && target.kind.status)) {
      throw missing(`${target.kind.plural}/${target.subresource}`);
    }
    const { code, body } = act(served.cluster, target, verb, request, (text) => warnings.push(text));
    const warning = warnings.map((text) => `299 - ${JSON.stringify(text)}`);
    return json(code, body, warning.length > 0 ? { warning } : {});
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return json(error.code, failureStatus(error));
  }
};
