import { type FieldValidation, decodeApplied, decodeObject, parseBody } from "./body.ts";
import type { Kind, KubernetesObject } from "./kinds/kind.ts";
import { listObject, select } from "./list.ts";
import { createNamespaces } from "./namespaces.ts";
import type { Objects } from "./objects.ts";
import { apply, ownUpdate, type Writer } from "./ownership.ts";
import { mergePatch, strategicPatch } from "./patch.ts";
import type { Target } from "./route.ts";
import type { Fieldset, Value } from "./schema.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  missing,
  notFound,
  required,
  StatusError,
  successStatus,
} from "./status.ts";
import { clean, prepareNew, prepareNext, save, subjectOf, timestamp, type WriteOptions } from "./write.ts";

/** What a verb answers: the status code and the body. */
export type Answer = { readonly code: number; readonly body: object };

/** How a patch's body is meant. */
export type PatchType = "apply" | "merge" | "strategic";

/** The objects of one cluster and the verbs on them. Who may call which is decided before. */
export const createCluster = (objects: Objects, certificate: string) => {
  const namespaces = createNamespaces(objects, certificate);

  const find = ({ kind, namespace, name = "" }: Target): KubernetesObject => {
    const found = objects.get(kind, namespace, name);
    if (found === undefined) throw notFound(subjectOf(kind, name));
    return found;
  };

  const updating = (target: Target, options: WriteOptions): Writer => ({
    manager: options.manager,
    operation: "Update",
    subresource: target.subresource,
  });

  const insert = (
    { kind, namespace }: Target,
    given: KubernetesObject,
    options: WriteOptions,
    mark: (object: KubernetesObject) => KubernetesObject,
  ): KubernetesObject => {
    const object = prepareNew(kind, given, namespace, mark);
    const { name } = object.metadata;
    namespaces.admit(kind, namespace, name);
    if (objects.get(kind, namespace, name) !== undefined) throw alreadyExists(subjectOf(kind, name));
    const stored = save(objects, kind, undefined, object, options.dryRun);
    if (kind.kind === "Namespace" && !options.dryRun) namespaces.furnish(name);
    return stored;
  };

  /** Removes an object whose last finalizer went. */
  const settle = (kind: Kind, object: KubernetesObject, options: WriteOptions): void => {
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (kind.kind === "Namespace" || deletionTimestamp === undefined || finalizers.length > 0 || options.dryRun) return;
    objects.remove(kind, object);
  };

  const replace = (target: Target, given: KubernetesObject, options: WriteOptions): KubernetesObject => {
    const { kind, subresource } = target;
    const live = find(target);
    const next = prepareNext(kind, live, given, subresource, (object) =>
      ownUpdate(kind, live, object, updating(target, options)),
    );
    const stored = save(objects, kind, live, next, options.dryRun);
    settle(kind, stored, options);
    return stored;
  };

  const applyPatch = (target: Target, body: Fieldset, options: WriteOptions): Answer => {
    const { kind, namespace, name = "", subresource } = target;
    if (options.manager === "") {
      const subject = { group: "meta.k8s.io", kind: "PatchOptions", name: "" };
      throw invalid(subject, [required("fieldManager", "is required for apply patch")]);
    }
    const metadata = (body["metadata"] ?? {}) as Record<string, Value>;
    const applied = decodeApplied(
      kind,
      { ...body, metadata: { ...metadata, name: metadata["name"] ?? name } },
      namespace,
      name,
    );
    const live = objects.get(kind, namespace, name);
    if (live === undefined && subresource !== undefined) throw notFound(subjectOf(kind, name));
    const writer: Writer = { manager: options.manager, operation: "Apply", subresource };
    const { merged, own } = apply(kind, live, applied, writer, options.force);
    if (live === undefined) {
      if (metadata["name"] !== undefined && metadata["name"] !== name) {
        throw badRequest(
          `the name of the object (${JSON.stringify(metadata["name"])}) does not match the name on the URL (${name})`,
        );
      }
      return { code: 201, body: insert(target, clean(kind, merged), options, own) };
    }
    const given = clean(kind, merged);
    const stored = save(objects, kind, live, prepareNext(kind, live, given, subresource, own), options.dryRun);
    settle(kind, stored, options);
    return { code: 200, body: stored };
  };

  const removeOne = (kind: Kind, live: KubernetesObject, options: WriteOptions): object => {
    if (kind.kind === "Namespace") return namespaces.terminate(live, options.dryRun);
    const { name, uid, finalizers = [] } = live.metadata;
    if (finalizers.length > 0) {
      if (live.metadata.deletionTimestamp !== undefined) return live;
      const ending = { ...live, metadata: { ...live.metadata, deletionTimestamp: timestamp() } };
      return options.dryRun ? ending : objects.put(kind, ending);
    }
    if (!options.dryRun) objects.remove(kind, live);
    return successStatus({ group: kind.group, kind: kind.plural, name }, uid);
  };

  return {
    start: () => namespaces.start(),
    close: () => namespaces.close(),
    objects,
    get: (target: Target): Answer => ({ code: 200, body: find(target) }),
    list: ({ kind, namespace }: Target, query: URLSearchParams): Answer => ({
      code: 200,
      body: listObject(objects, kind, namespace, query),
    }),
    create(target: Target, text: string, options: WriteOptions): Answer {
      const { kind, subresource } = target;
      if (subresource !== undefined) throw missing(`${kind.plural}/${subresource}`);
      const given = decodeObject(kind, parseBody(text), options.validation, options.warn);
      const writer = updating(target, options);
      return {
        code: 201,
        body: insert(target, given, options, (object) => ownUpdate(kind, undefined, object, writer)),
      };
    },
    update(target: Target, text: string, options: WriteOptions): Answer {
      const given = decodeObject(target.kind, parseBody(text), options.validation, options.warn);
      return { code: 200, body: replace(target, given, options) };
    },
    patch(target: Target, type: PatchType, text: string, options: WriteOptions): Answer {
      const body = parseBody(text);
      if (type === "apply") return applyPatch(target, body, options);
      const live = find(target) as unknown as Fieldset;
      const patched = type === "merge" ? mergePatch(live, body) : strategicPatch(target.kind.schema, live, body);
      const given = decodeObject(target.kind, patched as Fieldset, options.validation, options.warn);
      return { code: 200, body: replace(target, given, options) };
    },
    remove(target: Target, text: string, options: WriteOptions): Answer {
      const { kind, name = "", subresource } = target;
      if (subresource !== undefined) throw missing(`deletion of ${kind.plural}/${subresource}`);
      const live = find(target);
      const { preconditions } = (text === "" ? {} : parseBody(text)) as { preconditions?: Record<string, string> };
      for (const field of ["uid", "resourceVersion"] as const) {
        const wanted = preconditions?.[field];
        if (wanted === undefined || wanted === live.metadata[field]) continue;
        throw conflict(
          subjectOf(kind, name),
          `Precondition failed: ${field === "uid" ? "UID" : "ResourceVersion"} in precondition: ${wanted}, ${field === "uid" ? "UID" : "ResourceVersion"} in object meta: ${live.metadata[field]}`,
        );
      }
      return { code: 200, body: removeOne(kind, live, options) };
    },
    removeAll({ kind, namespace }: Target, query: URLSearchParams, options: WriteOptions): Answer {
      if (kind.kind === "Namespace") throw forbidden(subjectOf(kind), "namespaces are deleted one by one");
      const list = listObject(objects, kind, namespace, query);
      for (const object of select(objects, kind, namespace, query)) removeOne(kind, object, options);
      return { code: 200, body: list };
    },
  };
};

export type Cluster = ReturnType<typeof createCluster>;

/** Reads the query of a write. @throws StatusError when it asks for what cannot be. */
export const writeOptions = (
  query: URLSearchParams,
  userAgent: string,
  type: PatchType | undefined,
  warn: (text: string) => void,
): WriteOptions => {
  const dryRun = query.get("dryRun");
  if (dryRun !== null && dryRun !== "All") throw badRequest(`Unsupported dryRun value: ${dryRun}`);
  const validation = query.get("fieldValidation") ?? "Warn";
  if (validation !== "Strict" && validation !== "Warn" && validation !== "Ignore") {
    throw new StatusError(422, "Invalid", `fieldValidation: Unsupported value: "${validation}"`);
  }
  const named = query.get("fieldManager") ?? "";
  // A client that gives no name is known by its user agent; what is applied needs a name.
  const manager = named === "" && type !== "apply" ? (userAgent.split("/")[0] ?? "unknown") : named;
  return {
    manager,
    dryRun: dryRun === "All",
    force: query.get("force") === "true",
    validation: validation satisfies FieldValidation,
    warn,
  };
};
