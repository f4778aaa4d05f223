import type { Fieldset, Schema } from "../schema.ts";
import type { Cause } from "../status.ts";

export type Metadata = {
  name: string;
  namespace?: string;
  generateName?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  managedFields?: ManagedField[];
};

export type ManagedField = {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  time: string;
  fieldsType: "FieldsV1";
  fieldsV1: FieldTree;
  subresource?: string;
};

export type FieldTree = { [element: string]: FieldTree };

/** An object in the cluster. */
export type KubernetesObject = Omit<Fieldset, "metadata"> & { apiVersion: string; kind: string; metadata: Metadata };

export type NameRule = "subdomain" | "label" | "label1035" | "path";

/** One kind that the cluster serves. */
export type Kind = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly schema: Schema;
  readonly nameRule: NameRule;
  /** Whether `metadata.generation` counts the changes of its spec. */
  readonly generation: boolean;
  /** Whether it has a `status` that is written under a path of its own. */
  readonly status: boolean;
  /** Fields that can be selected by beside name and namespace. */
  readonly selectable: readonly string[];
  /** Fills in what the server defaults. Works on a copy. */
  readonly defaults: (object: KubernetesObject) => KubernetesObject;
  /** What is wrong with an object beyond its shape. `old` is what it replaces. */
  readonly validate: (object: KubernetesObject, old?: KubernetesObject) => Cause[];
};

/** A kind with the usual answers where the table says nothing. */
export const kind = (given: Pick<Kind, "group" | "version" | "kind" | "plural" | "schema"> & Partial<Kind>): Kind => ({
  singular: given.kind.toLowerCase(),
  shortNames: [],
  namespaced: true,
  nameRule: "subdomain",
  generation: false,
  status: false,
  selectable: [],
  defaults: (object) => object,
  validate: () => [],
  ...given,
});

export const apiVersionOf = ({ group, version }: Pick<Kind, "group" | "version">): string =>
  group === "" ? version : `${group}/${version}`;
