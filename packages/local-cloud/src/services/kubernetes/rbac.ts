import { asText, isRecord, type Value } from "./schema.ts";
import type { KubernetesObject } from "./kinds/kind.ts";
import { kindNamed } from "./kinds/table.ts";
import type { Objects } from "./objects.ts";

/** Who calls, as the cluster knows them. */
export type User = { readonly name: string; readonly groups: readonly string[]; readonly grants: readonly Grant[] };

/** What IAM gives beside the cluster's own roles: the name of a ClusterRole, in these namespaces or everywhere. */
export type Grant = { readonly role: string; readonly namespaces: readonly string[] | undefined };

/** What somebody wants to do. */
export type Attributes = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
};

const names = (value: Value | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

const covers = (allowed: readonly string[], wanted: string): boolean =>
  allowed.includes("*") || allowed.includes(wanted);

const allows = (rule: Value, wanted: Attributes): boolean => {
  if (!isRecord(rule)) return false;
  const only = names(rule["resourceNames"]);
  return (
    covers(names(rule["verbs"]), wanted.verb) &&
    covers(names(rule["apiGroups"]), wanted.group) &&
    covers(names(rule["resources"]), wanted.resource) &&
    (only.length === 0 || only.includes(wanted.name))
  );
};

const rulesOf = (role: KubernetesObject | undefined): Value[] => {
  const rules = role?.["rules"];
  return Array.isArray(rules) ? rules : [];
};

const bindsTo = (binding: KubernetesObject, user: User): boolean => {
  const subjects = binding["subjects"];
  if (!Array.isArray(subjects)) return false;
  return subjects.some((subject) => {
    if (!isRecord(subject)) return false;
    const { kind, name, namespace } = subject;
    if (kind === "Group") return user.groups.includes(asText(name));
    if (kind === "User") return user.name === name;
    return user.name === `system:serviceaccount:${asText(namespace)}:${asText(name)}`;
  });
};

/** Whether the cluster's roles and bindings, or what IAM grants, let a user do something. */
export const isAllowed = (objects: Objects, user: User, wanted: Attributes): boolean => {
  const roleNamed = (reference: Value | undefined, namespace: string): KubernetesObject | undefined => {
    if (!isRecord(reference)) return undefined;
    const kind = reference["kind"] === "Role" ? "Role" : "ClusterRole";
    return objects.get(kindNamed(kind), kind === "Role" ? namespace : "", asText(reference["name"]));
  };
  const granted = user.grants
    .filter(({ namespaces }) => namespaces === undefined || namespaces.includes(wanted.namespace))
    .flatMap(({ role }) => rulesOf(objects.get(kindNamed("ClusterRole"), "", role)));
  const bindings = [
    ...objects.list(kindNamed("ClusterRoleBinding"), ""),
    ...(wanted.namespace === "" ? [] : objects.list(kindNamed("RoleBinding"), wanted.namespace)),
  ];
  const bound = bindings
    .filter((binding) => bindsTo(binding, user))
    .flatMap((binding) => rulesOf(roleNamed(binding["roleRef"], wanted.namespace)));
  return [...granted, ...bound].some((rule) => allows(rule, wanted));
};
