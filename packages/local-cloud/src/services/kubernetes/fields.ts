import type { FieldTree } from "./kinds/kind.ts";
import { fieldOf, isRecord, type Fieldset, type Schema, type Value } from "./schema.ts";

/**
 * Fields of an object as `metadata.managedFields` names them: a path of elements such as `f:spec` and
 * `k:{"name":"web"}`, joined into one string.
 */
export type Paths = ReadonlySet<string>;

const separator = "\u0001";

const child = (path: string, element: string): string => (path === "" ? element : path + separator + element);

/** Whether `path` is `ancestor` or lies under it. */
export const isUnder = (path: string, ancestor: string): boolean =>
  path === ancestor || path.startsWith(ancestor + separator);

/** The element that names an item of a list that is merged by key or value. */
const itemElement = (schema: Schema & { type: "list" }, item: Value): string => {
  if (schema.set) return `v:${JSON.stringify(item)}`;
  const keys = schema.keys.toSorted().flatMap((key) => {
    // A port's protocol is the one key that has a default.
    const value = isRecord(item) ? (item[key] ?? (key === "protocol" ? "TCP" : undefined)) : undefined;
    return value === undefined ? [] : [[key, value]];
  });
  return `k:${JSON.stringify(Object.fromEntries(keys))}`;
};

const isWhole = (schema: Schema, value: Value): boolean => {
  if (schema.type === "list") return schema.keys.length === 0 && !schema.set;
  if (schema.type === "object" || schema.type === "map") return schema.atomic;
  return schema.type !== "any" || !isRecord(value);
};

/** The fields that a value sets, each with its value as JSON; containers that are owned as entries have the empty text. */
export const flatten = (schema: Schema, value: Value | undefined, path = "", into = new Map<string, string>()) => {
  if (value === undefined) return into;
  if (isWhole(schema, value) || value === null) return into.set(path, JSON.stringify(value));
  if (schema.type === "list" && Array.isArray(value)) {
    for (const item of value) {
      const at = child(path, itemElement(schema, item));
      into.set(at, "");
      if (!schema.set) flatten(schema.of, item, at, into);
    }
  } else if (isRecord(value)) {
    for (const [name, field] of Object.entries(value)) {
      const at = child(path, `f:${name}`);
      const inner = fieldOf(schema, name);
      if (inner === undefined) continue;
      if (schema.type !== "object" || (isRecord(field) && Object.keys(field).length === 0)) into.set(at, "");
      flatten(inner, field, at, into);
    }
  }
  return into;
};

/** What differs between two objects of one schema. */
export const compare = (schema: Schema, before: Value | undefined, after: Value) => {
  const [old, now] = [flatten(schema, before), flatten(schema, after)];
  return {
    /** Added fields, and those with another value. */
    changed: new Set([...now.keys()].filter((path) => old.get(path) !== now.get(path))),
    removed: new Set([...old.keys()].filter((path) => !now.has(path))),
  };
};

export const toTree = (paths: Paths): FieldTree => {
  const tree: FieldTree = {};
  const containers = new Set<string>();
  for (const path of paths) {
    const elements = path.split(separator);
    for (let length = 1; length < elements.length; length += 1)
      containers.add(elements.slice(0, length).join(separator));
  }
  for (const path of [...paths].toSorted()) {
    let node = tree;
    for (const element of path.split(separator)) node = node[element] ??= {};
    if (containers.has(path)) node["."] = {};
  }
  return tree;
};

export const fromTree = (tree: FieldTree, path = "", into = new Set<string>()): Set<string> => {
  for (const [element, inner] of Object.entries(tree)) {
    if (element === ".") into.add(path);
    else if (Object.keys(inner).length === 0) into.add(child(path, element));
    else fromTree(inner, child(path, element), into);
  }
  return into;
};

/** A path as people read it: `.spec.ports[port=80,protocol="TCP"].name`. */
export const readable = (path: string): string =>
  path
    .split(separator)
    .map((element) => {
      if (element.startsWith("f:")) return `.${element.slice(2)}`;
      if (element.startsWith("v:")) return `[=${element.slice(2)}]`;
      const keys = Object.entries(JSON.parse(element.slice(2)) as Fieldset);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");

/** Server-side apply's merge: what is applied wins, what it does not mention stays. */
export const merge = (schema: Schema, live: Value | undefined, applied: Value): Value => {
  if (live === undefined || live === null || isWhole(schema, applied)) return applied;
  if (schema.type === "list" && Array.isArray(live) && Array.isArray(applied)) {
    const merged = new Map(live.map((item) => [itemElement(schema, item), item]));
    for (const item of applied) {
      const element = itemElement(schema, item);
      merged.set(element, schema.set ? item : merge(schema.of, merged.get(element), item));
    }
    return [...merged.values()];
  }
  if (!isRecord(live) || !isRecord(applied)) return applied;
  const merged: Fieldset = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const inner = fieldOf(schema, name);
    merged[name] = inner === undefined ? value : merge(inner, live[name], value);
  }
  return merged;
};

/** Takes fields out of a value. Undefined when the whole of it goes. */
export const without = (schema: Schema, value: Value, gone: Paths, path = ""): Value | undefined => {
  if (gone.has(path)) return undefined;
  if (isWhole(schema, value)) return value;
  if (schema.type === "list" && Array.isArray(value)) {
    return value.flatMap((item) => {
      const at = child(path, itemElement(schema, item));
      const kept = schema.set ? (gone.has(at) ? undefined : item) : without(schema.of, item, gone, at);
      return kept === undefined ? [] : [kept];
    });
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).flatMap(([name, field]): [string, Value][] => {
    const inner = fieldOf(schema, name);
    const kept = inner === undefined ? field : without(inner, field, gone, child(path, `f:${name}`));
    return kept === undefined ? [] : [[name, kept]];
  });
  return Object.fromEntries(entries);
};
