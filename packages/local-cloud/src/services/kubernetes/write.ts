import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { decode, lacking } from "./decode.ts";
import { type FieldValidation, typed } from "./body.ts";
import type { Kind, KubernetesObject, Metadata } from "./kinds/kind.ts";
import { metadataCauses, nameSuffix } from "./metadata.ts";
import type { Objects } from "./objects.ts";
import type { Fieldset } from "./schema.ts";
import { badRequest, type Cause, invalid, modified, required, type Subject } from "./status.ts";

/** How a write is to be done, from the request's query. */
export type WriteOptions = {
  readonly manager: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly validation: FieldValidation;
  readonly warn: (text: string) => void;
};

/** Seconds, as Kubernetes writes times. */
export const timestamp = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export const subjectOf = (kind: Kind, name?: string): Subject => ({
  group: kind.group,
  kind: kind.plural,
  ...(name !== undefined && { name }),
});

/** An object as one checks it: refused with every cause at once. */
const check = (kind: Kind, object: KubernetesObject, old?: KubernetesObject): void => {
  const causes: Cause[] = [
    ...metadataCauses(kind, object.metadata, old?.metadata),
    ...lacking(kind.schema, object as unknown as Fieldset).map((field) => required(field)),
    ...kind.validate(object, old),
  ];
  if (causes.length > 0) throw invalid({ group: kind.group, kind: kind.kind, name: object.metadata.name }, causes);
};

const own = ({ name, namespace, labels, annotations, finalizers, managedFields, ...rest }: Metadata): Metadata => ({
  name,
  ...(namespace !== undefined && { namespace }),
  uid: rest.uid,
  resourceVersion: rest.resourceVersion,
  ...(rest.generation !== undefined && { generation: rest.generation }),
  creationTimestamp: rest.creationTimestamp,
  ...(rest.deletionTimestamp !== undefined && { deletionTimestamp: rest.deletionTimestamp }),
  ...(labels !== undefined && { labels }),
  ...(annotations !== undefined && { annotations }),
  ...ownerReferences(rest),
  ...(finalizers !== undefined && { finalizers }),
  ...(managedFields !== undefined && { managedFields }),
});

const ownerReferences = (rest: object): object =>
  "ownerReferences" in rest ? { ownerReferences: rest.ownerReferences } : {};

/** A new object with the server's part of its metadata. `mark` writes down who owns its fields. */
export const prepareNew = (
  kind: Kind,
  given: KubernetesObject,
  namespace: string,
  mark: (object: KubernetesObject) => KubernetesObject,
): KubernetesObject => {
  const { metadata } = given;
  if (metadata.resourceVersion !== undefined) {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  if (kind.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  const name = metadata.name || (metadata.generateName === undefined ? "" : metadata.generateName + nameSuffix());
  const { status: _status, ...fields } = given;
  const complete: KubernetesObject = {
    ...(kind.status ? fields : given),
    apiVersion: given.apiVersion,
    kind: given.kind,
    metadata: own({
      ...metadata,
      name,
      ...(kind.namespaced && { namespace }),
      uid: randomUUID(),
      resourceVersion: "",
      ...(kind.generation && { generation: 1 }),
      creationTimestamp: timestamp(),
    }),
  };
  const object = kind.defaults(complete);
  check(kind, object);
  return mark(object);
};

/** The next state of an object: the server keeps its part of the metadata, and counts generations. */
export const prepareNext = (
  kind: Kind,
  live: KubernetesObject,
  given: KubernetesObject,
  subresource: string | undefined,
  mark: (object: KubernetesObject) => KubernetesObject,
): KubernetesObject => {
  const { metadata } = given;
  const { name } = live.metadata;
  if (metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace !== undefined && metadata.namespace !== live.metadata.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== live.metadata.resourceVersion) {
    throw modified(subjectOf(kind, name));
  }
  if (metadata.uid !== undefined && metadata.uid !== live.metadata.uid) throw modified(subjectOf(kind, name));
  const parts: KubernetesObject =
    subresource === "status" ? { ...live, status: given["status"] ?? {} } : withStatusOf(kind, given, live);
  const merged: KubernetesObject = {
    ...parts,
    metadata: own({
      ...(subresource === "status" ? live.metadata : metadata),
      name,
      ...(live.metadata.namespace !== undefined && { namespace: live.metadata.namespace }),
      uid: live.metadata.uid,
      resourceVersion: live.metadata.resourceVersion,
      ...(live.metadata.generation !== undefined && { generation: live.metadata.generation }),
      creationTimestamp: live.metadata.creationTimestamp,
      ...(live.metadata.deletionTimestamp !== undefined && { deletionTimestamp: live.metadata.deletionTimestamp }),
      managedFields: live.metadata.managedFields ?? [],
    }),
  };
  const object = kind.defaults(merged);
  check(kind, object, live);
  const changed = !isDeepStrictEqual(specOf(object), specOf(live));
  const generation = kind.generation && changed ? { generation: (live.metadata.generation ?? 0) + 1 } : {};
  return mark({ ...object, metadata: { ...object.metadata, ...generation } });
};

const withStatusOf = (kind: Kind, given: KubernetesObject, live: KubernetesObject): KubernetesObject => {
  if (!kind.status) return given;
  const { status: _status, ...fields } = given;
  return { ...fields, ...(live["status"] !== undefined && { status: live["status"] }) };
};

const specOf = ({ metadata: _metadata, status: _status, ...rest }: KubernetesObject): object => rest;

/** Stores what changed; an object that is as it was keeps its resource version. */
export const save = (
  objects: Objects,
  kind: Kind,
  live: KubernetesObject | undefined,
  next: KubernetesObject,
  dryRun: boolean,
): KubernetesObject => {
  if (live !== undefined && isDeepStrictEqual(next, live)) return live;
  return dryRun ? next : objects.put(kind, next);
};

/** Cleans what a patch or a merge made: nulls and empty containers go, and types are checked. */
export const clean = (kind: Kind, fields: Fieldset): KubernetesObject =>
  typed(kind, decode(kind.schema, fields, "", { kind: kind.kind, version: kind.version, unknown: [] }) as Fieldset);
