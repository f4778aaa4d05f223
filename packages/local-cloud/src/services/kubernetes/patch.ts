import { isRecord, type Fieldset, fieldOf, type Schema, type Value } from "./schema.ts";

/** RFC 7396: null deletes, objects merge, anything else replaces. */
export const mergePatch = (target: Value | undefined, patch: Value): Value => {
  if (!isRecord(patch)) return patch;
  const result: Fieldset = { ...(isRecord(target) ? target : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
};

/** Strategic merge: like {@link mergePatch}, but lists that have keys are merged by them. */
export const strategicPatch = (schema: Schema, target: Value | undefined, patch: Value): Value => {
  if (schema.type === "list" && Array.isArray(patch))
    return patchList(schema, Array.isArray(target) ? target : [], patch);
  if (!isRecord(patch)) return patch;
  const { $patch: directive, ...fields } = patch;
  const result: Fieldset = { ...(isRecord(target) && directive !== "replace" ? target : {}) };
  for (const [name, value] of Object.entries(fields)) {
    const inner = fieldOf(schema, name);
    if (value === null) delete result[name];
    else result[name] = inner === undefined ? value : strategicPatch(inner, result[name], value);
  }
  return result;
};

const patchList = (schema: Schema & { type: "list" }, target: Value[], patch: Value[]): Value[] => {
  if (schema.set) return [...new Set([...target, ...patch])];
  const [key] = schema.keys;
  if (key === undefined) return patch;
  const keyOf = (item: Value): Value | undefined => (isRecord(item) ? item[key] : undefined);
  const result = [...target];
  for (const item of patch) {
    const index = result.findIndex((one) => keyOf(one) === keyOf(item));
    const removed = isRecord(item) && item["$patch"] === "delete";
    if (removed && index >= 0) result.splice(index, 1);
    else if (!removed && index >= 0) result[index] = strategicPatch(schema.of, result[index], item);
    else if (!removed) result.push(item);
  }
  return result;
};
