import { any, atomic, boolean, integer, list, listBy, map, object, type Schema, set, string } from "../schema.ts";

export const metadata: Schema = object({
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: integer,
  creationTimestamp: string,
  deletionTimestamp: string,
  deletionGracePeriodSeconds: integer,
  labels: map(string),
  annotations: map(string),
  ownerReferences: listBy(
    atomic({
      "apiVersion!": string,
      "kind!": string,
      "name!": string,
      "uid!": string,
      controller: boolean,
      blockOwnerDeletion: boolean,
    }),
    "uid",
  ),
  finalizers: set(string),
  managedFields: list(any),
});

/** A whole object: the type, the metadata, and the kind's own fields. */
export const root = (fields: Readonly<Record<string, Schema>>): Schema =>
  object({ apiVersion: string, kind: string, metadata, ...fields });

export const labelSelector: Schema = atomic({
  matchLabels: map(string),
  matchExpressions: list(object({ "key!": string, "operator!": string, values: list(string) })),
});

export const conditions: Schema = listBy(
  object({
    "type!": string,
    "status!": string,
    reason: string,
    message: string,
    lastTransitionTime: string,
    lastUpdateTime: string,
    lastProbeTime: string,
    observedGeneration: integer,
  }),
  "type",
);

/** A reference within a namespace. */
export const localReference: Schema = atomic({ name: string });
