import type { Kind, KubernetesObject } from "./kinds/kind.ts";
import { isRecord, type Value } from "./schema.ts";
import { badRequest } from "./status.ts";

type Test = (object: KubernetesObject) => boolean;

const labelTest = (term: string): Test => {
  const label = (object: KubernetesObject, name: string): string | undefined => object.metadata.labels?.[name];
  const sets = /^\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*$/.exec(term);
  if (sets !== null) {
    const [, name = "", operator, values = ""] = sets;
    const wanted = values.split(",").map((value) => value.trim());
    return (object) => {
      const value = label(object, name);
      return (value !== undefined && wanted.includes(value)) === (operator === "in");
    };
  }
  const equality = /^\s*([^\s!=]+)\s*(==|=|!=)\s*([^\s=]*)\s*$/.exec(term);
  if (equality !== null) {
    const [, name = "", operator, value] = equality;
    return (object) => (label(object, name) === value) === (operator !== "!=");
  }
  const presence = /^\s*(!?)\s*([^\s!=()]+)\s*$/.exec(term);
  if (presence === null) throw badRequest(`unable to parse requirement: ${term}`);
  const [, not, name = ""] = presence;
  return (object) => (label(object, name) !== undefined) === (not === "");
};

/** A `labelSelector` such as `tier=premium,env in (a,b),!old`. @throws StatusError 400 */
export const labelSelector = (text: string): Test => {
  const tests = text === "" ? [] : text.split(/,(?![^(]*\))/).map(labelTest);
  return (object) => tests.every((test) => test(object));
};

const valueAt = (object: KubernetesObject, path: string): string => {
  let value: Value | undefined = object;
  for (const name of path.split(".")) value = isRecord(value) ? value[name] : undefined;
  return typeof value === "string" ? value : "";
};

/** A `fieldSelector` such as `metadata.name=a,status.phase!=Active`. @throws StatusError 400 when it cannot be selected by. */
export const fieldSelector = (text: string, kind: Kind): Test => {
  const fields = ["metadata.name", ...(kind.namespaced ? ["metadata.namespace"] : []), ...kind.selectable];
  const tests = (text === "" ? [] : text.split(",")).map((term): Test => {
    const [, path = "", operator, value] = /^([^!=]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    if (operator === undefined) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    if (!fields.includes(path)) throw badRequest(`field label not supported: ${path}`);
    return (object) => (valueAt(object, path) === value) === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object));
};
