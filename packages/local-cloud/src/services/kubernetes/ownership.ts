import { compare, flatten, fromTree, isUnder, merge, type Paths, readable, toTree, without } from "./fields.ts";
import { apiVersionOf, type Kind, type KubernetesObject, type ManagedField } from "./kinds/kind.ts";
import type { Fieldset } from "./schema.ts";
import { type Cause, StatusError } from "./status.ts";

/** Who writes, and which part of the object. */
export type Writer = {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string | undefined;
};

type Owner = Writer & { readonly entry: ManagedField | undefined; paths: Set<string> };

/** Fields that belong to the server or that name the object: nobody manages them. */
const unmanaged = [
  "f:apiVersion",
  "f:kind",
  ...[
    "name",
    "namespace",
    "generateName",
    "uid",
    "selfLink",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
  ].map((name) => `f:metadata\u0001f:${name}`),
];

const managed = (paths: Iterable<string>, kind: Kind, subresource: string | undefined): Set<string> => {
  const kept = [...paths].filter((path) => path !== "f:metadata" && !unmanaged.some((one) => isUnder(path, one)));
  if (!kind.status) return new Set(kept);
  return new Set(kept.filter((path) => isUnder(path, "f:status") === (subresource === "status")));
};

const ownersOf = (object: KubernetesObject | undefined): Owner[] =>
  (object?.metadata.managedFields ?? []).map((entry) => ({
    manager: entry.manager,
    operation: entry.operation,
    subresource: entry.subresource,
    entry,
    paths: fromTree(entry.fieldsV1),
  }));

const sameWriter = (one: Writer, other: Writer): boolean =>
  one.manager === other.manager && one.operation === other.operation && one.subresource === other.subresource;

const take = (from: Set<string>, gone: Paths): void => {
  for (const path of gone) from.delete(path);
};

/** The owners as `managedFields`; an entry whose fields did not change keeps its time. */
const written = (owners: readonly Owner[], kind: Kind): ManagedField[] =>
  owners
    .filter(({ paths }) => paths.size > 0)
    .map(({ entry, manager, operation, subresource, paths }) => {
      const fieldsV1 = toTree(paths);
      if (entry !== undefined && JSON.stringify(entry.fieldsV1) === JSON.stringify(fieldsV1)) return entry;
      return {
        manager,
        operation,
        apiVersion: apiVersionOf(kind),
        time: `${new Date().toISOString().slice(0, 19)}Z`,
        fieldsType: "FieldsV1",
        fieldsV1,
        ...(subresource !== undefined && { subresource }),
      };
    });

const withOwners = (object: KubernetesObject, owners: readonly Owner[], kind: Kind): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, managedFields: written(owners, kind) },
});

/** An object after a create, an update or a patch: its writer owns what it changed, and nobody what is gone. */
export const ownUpdate = (
  kind: Kind,
  live: KubernetesObject | undefined,
  next: KubernetesObject,
  writer: Writer,
): KubernetesObject => {
  const { changed, removed } = compare(kind.schema, live, next);
  const mine = managed(changed, kind, writer.subresource);
  const owners = ownersOf(live);
  for (const owner of owners) {
    take(owner.paths, removed);
    if (!sameWriter(owner, writer)) take(owner.paths, mine);
  }
  const own = owners.find((owner) => sameWriter(owner, writer));
  for (const path of mine) own?.paths.add(path);
  return withOwners(next, own === undefined ? [...owners, { ...writer, entry: undefined, paths: mine }] : owners, kind);
};

const conflictError = (conflicts: readonly { owner: Owner; path: string }[]): StatusError => {
  const who = ({ owner }: { owner: Owner }): string =>
    `"${owner.manager}"${owner.subresource === undefined ? "" : ` with subresource "${owner.subresource}"`}${
      owner.operation === "Update" ? ` using ${owner.entry?.apiVersion} at ${owner.entry?.time}` : ""
    }`;
  const causes: Cause[] = conflicts.map((one) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${who(one)}`,
    field: readable(one.path),
  }));
  const groups = Map.groupBy(conflicts, who);
  const [only] = conflicts;
  const text =
    conflicts.length === 1 && only !== undefined
      ? `conflict with ${who(only)}: ${readable(only.path)}`
      : [...groups]
          .map(([name, ones]) => `conflicts with ${name}:\n${ones.map(({ path }) => `- ${readable(path)}`).join("\n")}`)
          .join("\n");
  const count = `${conflicts.length} conflict${conflicts.length === 1 ? "" : "s"}`;
  return new StatusError(409, "Conflict", `Apply failed with ${count}: ${text}`, { causes });
};

/** The result of a server-side apply before defaults, and a way to write down who owns what once they are filled in. */
export type Applied = { readonly merged: Fieldset; readonly own: (object: KubernetesObject) => KubernetesObject };

/**
 * Server-side apply: merges what is applied, and takes away what this manager applied before and no longer does.
 * @throws StatusError 409 when a field that changes is somebody else's, unless forced.
 */
export const apply = (
  kind: Kind,
  live: KubernetesObject | undefined,
  applied: Fieldset,
  writer: Writer,
  force: boolean,
): Applied => {
  const set = managed(flatten(kind.schema, applied).keys(), kind, writer.subresource);
  const owners = ownersOf(live);
  const others = owners.filter((owner) => !sameWriter(owner, writer));
  const own = owners.find((owner) => sameWriter(owner, writer));
  const merged = merge(kind.schema, live, applied);
  const { changed } = compare(kind.schema, live, merged);
  const conflicts = others.flatMap((owner) =>
    [...set]
      .filter((path) => changed.has(path) && owner.paths.has(path))
      .toSorted()
      .map((path) => ({ owner, path })),
  );
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  for (const { owner, path } of conflicts) owner.paths.delete(path);
  const kept = [...set, ...others.flatMap(({ paths }) => [...paths])];
  const gone = new Set([...(own?.paths ?? [])].filter((path) => !kept.some((one) => isUnder(one, path))));
  for (const owner of others) take(owner.paths, gone);
  const mine: Owner = { ...writer, entry: own?.entry, paths: set };
  const after = own === undefined ? [...others, mine] : owners.map((owner) => (owner === own ? mine : owner));
  return {
    merged: (without(kind.schema, merged, gone) ?? {}) as Fieldset,
    own: (object) => withOwners(object, after, kind),
  };
};
