import type { Json } from "./asl.ts";
import { evaluate } from "./intrinsics.ts";
import { read, type Scope } from "./path.ts";

/** Fills a payload template (`Parameters`, `ResultSelector`, `ItemSelector`): keys that end in `.$` are paths or intrinsic functions. */
export const fill = (template: Json, scope: Scope): Json => {
  if (Array.isArray(template)) return template.map((item) => fill(item, scope));
  if (template === null || typeof template !== "object") return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => {
      if (!key.endsWith(".$") || typeof value !== "string") return [key, fill(value, scope)];
      return [key.slice(0, -2), value.startsWith("$") ? read(value, scope, key) : evaluate(value, scope)];
    }),
  );
};
