/** A resource of the API's tree. */
export type Node<T> = {
  readonly literals: Map<string, Node<T>>;
  parameter?: { readonly name: string; readonly node: Node<T> };
  greedy?: { readonly name: string; readonly node: Node<T> };
  value?: T;
};

export type Match<T> = { readonly value: T; readonly params: Readonly<Record<string, string>> };

export const createNode = <T>(): Node<T> => ({ literals: new Map() });

/** Adds a resource by its path, such as `/tenants/{id}` or `/files/{path+}`. */
export const addRoute = <T>(root: Node<T>, path: string, value: T): void => {
  let node = root;
  for (const part of path.split("/").filter((piece) => piece !== "")) {
    const [, name, plus] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? [];
    if (name === undefined) {
      const next = node.literals.get(part) ?? createNode<T>();
      node.literals.set(part, next);
      node = next;
    } else if (plus === "+") {
      node.greedy ??= { name, node: createNode() };
      node = node.greedy.node;
    } else {
      node.parameter ??= { name, node: createNode() };
      node = node.parameter.node;
    }
  }
  node.value = value;
};

/**
 * The raw segments of a request path, each percent-decoded once; null when one of them cannot be served safely: badly
 * encoded, with control characters, or a step through the tree (`.`, `..`, empty).
 */
export const segmentsOf = (path: string): string[] | null => {
  const raw = path.split("/").slice(1);
  // One slash at the end names the same resource.
  if (raw.at(-1) === "") raw.pop();
  try {
    const segments = raw.map((segment) => decodeURIComponent(segment));
    return segments.some((segment) => ["", ".", ".."].includes(segment) || /\p{Cc}/u.test(segment)) ? null : segments;
  } catch {
    return null;
  }
};

/** Finds the most specific resource: a literal part before a parameter, a parameter before the greedy rest. */
export const matchRoute = <T>(node: Node<T>, segments: readonly string[], from = 0): Match<T> | null => {
  const segment = segments[from];
  if (segment === undefined) return node.value === undefined ? null : { value: node.value, params: {} };
  const literal = node.literals.get(segment);
  const exact = literal ? matchRoute(literal, segments, from + 1) : null;
  if (exact) return exact;
  if (node.parameter) {
    const found = matchRoute(node.parameter.node, segments, from + 1);
    if (found) return { value: found.value, params: { [node.parameter.name]: segment, ...found.params } };
  }
  if (node.greedy?.node.value === undefined) return null;
  return { value: node.greedy.node.value, params: { [node.greedy.name]: segments.slice(from).join("/") } };
};
