import { apiVersionOf, type Kind } from "./kinds/kind.ts";
import { kinds } from "./kinds/table.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update"];

const resourcesOf = (kind: Kind): object[] => [
  {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs,
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
  },
  ...(kind.status
    ? [
        {
          name: `${kind.plural}/status`,
          singularName: "",
          namespaced: kind.namespaced,
          kind: kind.kind,
          verbs: ["get", "patch", "update"],
        },
      ]
    : []),
];

const reviews = {
  group: "authorization.k8s.io",
  version: "v1",
  resources: [
    {
      name: "selfsubjectaccessreviews",
      singularName: "selfsubjectaccessreview",
      namespaced: false,
      kind: "SelfSubjectAccessReview",
      verbs: ["create"],
    },
  ],
};

const groupVersions: ReadonlyMap<string, { group: string; version: string; resources: object[] }> = new Map([
  ...[...Map.groupBy(kinds, apiVersionOf)].map(
    ([name, ones]) =>
      [
        name,
        { group: ones[0]?.group ?? "", version: ones[0]?.version ?? "", resources: ones.flatMap(resourcesOf) },
      ] as const,
  ),
  ["authorization.k8s.io/v1", reviews],
]);

const apiGroup = (group: string) => {
  const versions = [...groupVersions].flatMap(([groupVersion, one]) =>
    one.group === group ? [{ groupVersion, version: one.version }] : [],
  );
  return versions.length === 0 ? undefined : { name: group, versions, preferredVersion: versions[0] };
};

/** Answers the paths by which clients find out what the cluster serves; undefined for any other path. */
export const discover = (path: string, version: string): object | string | undefined => {
  const [major, minor] = version.split(".");
  if (["/healthz", "/livez", "/readyz"].includes(path)) return "ok";
  if (path === "/version") return { major, minor, gitVersion: `v${version}.0-eks-local`, platform: "linux/amd64" };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  if (path === "/apis") {
    const groups = [...new Set([...groupVersions.values()].map(({ group }) => group))].filter((group) => group !== "");
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(apiGroup) };
  }
  const [, root, ...rest] = path.split("/");
  if (root === "apis" && rest.length === 1) {
    const found = apiGroup(rest[0] ?? "");
    return found && { kind: "APIGroup", apiVersion: "v1", ...found };
  }
  const groupVersion = rest.join("/");
  if ((root === "api" && groupVersion !== "v1") || (root === "apis" && !groupVersion.includes("/"))) return undefined;
  const found = root === "api" || root === "apis" ? groupVersions.get(groupVersion) : undefined;
  return found && { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: found.resources };
};
