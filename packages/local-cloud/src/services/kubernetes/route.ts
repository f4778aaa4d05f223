import { findKind } from "./kinds/table.ts";
import type { Kind } from "./kinds/kind.ts";

/** What a path of the API leads to: a kind's collection, or one object when it has a name. */
export type Target = {
  readonly kind: Kind;
  /** Empty for cluster-wide kinds and for lists over all namespaces. */
  readonly namespace: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
};

/** Reads a path such as `/apis/apps/v1/namespaces/a/deployments/web/status`; undefined when it is no kind's. */
export const parseTarget = (path: string): Target | undefined => {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root !== "api" && root !== "apis") return undefined;
  const group = root === "api" ? "" : (rest.shift() ?? "");
  const version = rest.shift() ?? "";
  // `namespaces/a/configmaps`, but also `namespaces/a` and `namespaces/a/status`.
  const inNamespace = rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize";
  const namespace = inNamespace ? (rest[1] ?? "") : "";
  const [plural = "", name, subresource, ...more] = inNamespace ? rest.slice(2) : rest;
  const kind = findKind(group, version, plural);
  if (kind === undefined || more.length > 0 || name === "") return undefined;
  if (kind.namespaced ? name !== undefined && !inNamespace : inNamespace) return undefined;
  return { kind, namespace, name, subresource };
};
