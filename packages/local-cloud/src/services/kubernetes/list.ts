import { apiVersionOf, type Kind, type KubernetesObject } from "./kinds/kind.ts";
import type { Objects } from "./objects.ts";
import { fieldSelector, labelSelector } from "./selectors.ts";
import { badRequest, missing } from "./status.ts";

/** The objects that a list's query selects. */
export const select = (objects: Objects, kind: Kind, namespace: string, query: URLSearchParams): KubernetesObject[] => {
  if (query.get("watch") === "true" || query.get("watch") === "1") throw missing("watch");
  const labels = labelSelector(query.get("labelSelector") ?? "");
  const fields = fieldSelector(query.get("fieldSelector") ?? "", kind);
  return objects.list(kind, namespace).filter((object) => labels(object) && fields(object));
};

const keyOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

const continueKey = (token: string | null): string => {
  if (token === null || token === "") return "";
  const key = Buffer.from(token, "base64url").toString();
  if (!key.includes("/")) throw badRequest("continue key is not valid");
  return key;
};

/** A list as clients read it, one page of it when there is a limit. */
export const listObject = (objects: Objects, kind: Kind, namespace: string, query: URLSearchParams): object => {
  const after = continueKey(query.get("continue"));
  const limit = Number(query.get("limit") ?? "0");
  const all = select(objects, kind, namespace, query).filter((object) => keyOf(object) > after);
  const items = limit > 0 ? all.slice(0, limit) : all;
  const last = items.at(-1);
  const more = last !== undefined && items.length < all.length;
  return {
    kind: `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    metadata: {
      resourceVersion: objects.version(),
      ...(more && {
        continue: Buffer.from(keyOf(last)).toString("base64url"),
        remainingItemCount: all.length - items.length,
      }),
    },
    // The items of a list do not repeat its type.
    items: items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest),
  };
};
