import { type Graph, ofType } from "../../deploy/graph.ts";
import type { Grant, User } from "./rbac.ts";

export const clusterType = "aws:eks/cluster:Cluster";
export const accessEntryType = "aws:eks/accessEntry:AccessEntry";
export const accessPolicyType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";

/** The ClusterRole that stands for each of EKS's access policies. */
const policyRoles: Readonly<Record<string, string>> = {
  AmazonEKSClusterAdminPolicy: "cluster-admin",
  AmazonEKSAdminPolicy: "admin",
  AmazonEKSEditPolicy: "edit",
  AmazonEKSViewPolicy: "view",
  AmazonEKSAdminViewPolicy: "eks:admin-view",
};

/** An IAM identity as the cluster's users; undefined when it has no access entry. */
export type Access = (identity: { readonly arn: string }) => User | undefined;

const roleNameOf = (arn: string): string | undefined =>
  /:assumed-role\/([^/]+)\//.exec(arn)?.[1] ?? /:role\/(?:.*\/)?([^/]+)$/.exec(arn)?.[1];

const namespacesOf = (scope: unknown): readonly string[] | undefined => {
  const { type, namespaces = [] } = (scope ?? {}) as { type?: string; namespaces?: string[] };
  return type === "namespace" ? namespaces : undefined;
};

/** Reads who may enter a cluster, and as what. @throws Error when a policy is not known here. */
export const readAccess = (graph: Graph, cluster: string): Access => {
  const mine = (type: string) => ofType(graph, type).filter(({ outputs }) => outputs["clusterName"] === cluster);
  const policies = mine(accessPolicyType).map(({ outputs }) => {
    const policy = String(outputs["policyArn"]).split("/").at(-1) ?? "";
    const role = policyRoles[policy];
    if (role === undefined) throw new Error(`The embedded cloud does not know the EKS access policy ${policy}.`);
    const grant: Grant = { role, namespaces: namespacesOf(outputs["accessScope"]) };
    return { principal: String(outputs["principalArn"]), grant };
  });
  const entries = mine(accessEntryType).map(({ outputs }) => ({
    principal: String(outputs["principalArn"]),
    groups: ((outputs["kubernetesGroups"] ?? []) as unknown[]).map(String),
  }));
  return ({ arn }) => {
    const groups = ["system:authenticated"];
    // The operator deployed the cluster, and EKS makes its creator an administrator.
    if (arn.endsWith(":root")) return { name: arn, groups: ["system:masters", ...groups], grants: [] };
    const role = roleNameOf(arn);
    const same = (principal: string): boolean => role !== undefined && roleNameOf(principal) === role;
    const entry = entries.find(({ principal }) => same(principal));
    if (entry === undefined) return undefined;
    return {
      name: arn,
      groups: [...groups, ...entry.groups],
      grants: policies.filter(({ principal }) => same(principal)).map(({ grant }) => grant),
    };
  };
};
