import * as models from "@kubernetes/client-node";

type Attribute = { readonly baseName: string; readonly type: string };
type Model = { getAttributeTypeMap(): readonly Attribute[] };
type Json = Readonly<Record<string, unknown>>;

/** The kinds of a tenant's namespace by the models of Kubernetes' own client, which are made from its OpenAPI. */
const kinds = {
  "v1/Namespace": "V1Namespace",
  "v1/ResourceQuota": "V1ResourceQuota",
  "v1/LimitRange": "V1LimitRange",
  "v1/ServiceAccount": "V1ServiceAccount",
  "networking.k8s.io/v1/NetworkPolicy": "V1NetworkPolicy",
  "rbac.authorization.k8s.io/v1/Role": "V1Role",
  "rbac.authorization.k8s.io/v1/RoleBinding": "V1RoleBinding",
  "policy/v1/PodDisruptionBudget": "V1PodDisruptionBudget",
};

const simple: Readonly<Record<string, Json>> = {
  string: { type: "string" },
  number: { type: "number" },
  boolean: { type: "boolean" },
  Date: { type: "string" },
  IntOrString: { type: ["integer", "string"] },
  any: {},
  object: { type: "object" },
};

/** The JSON Schema of these kinds: every field they have, its type, and no other field. */
export const kubernetesSchema = (): Json => {
  const $defs: Record<string, Json> = {};
  const schemaOf = (type: string): Json => {
    const [, list] = /^(?:Array|Set)<(.*)>$/.exec(type) ?? [];
    if (list !== undefined) return { type: "array", items: schemaOf(list) };
    const [, map] = /^\{ \[key: string\]: (.*); \}$/.exec(type) ?? [];
    if (map !== undefined) return { type: "object", additionalProperties: schemaOf(map) };
    if (simple[type] !== undefined) return simple[type];
    define(type);
    return { $ref: `#/$defs/${type}` };
  };
  const define = (type: string): void => {
    if ($defs[type] !== undefined) return;
    const model = (models as unknown as Record<string, Model | undefined>)[type];
    if (model === undefined) throw new Error(`The client has no model ${type}.`);
    const properties: Record<string, Json> = {};
    $defs[type] = { type: "object", additionalProperties: false, properties };
    for (const { baseName, type: inner } of model.getAttributeTypeMap())
      // The status is the cluster's to write, and managed fields are its bookkeeping.
      if (baseName !== "status" && baseName !== "managedFields") properties[baseName] = schemaOf(inner);
  };
  const refs = Object.entries(kinds).map(([kind, model]) => [kind, schemaOf(model)]);
  return { $id: "kubernetes", $defs, kinds: Object.fromEntries(refs) as Json };
};
