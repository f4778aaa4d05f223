import { derive } from "./derive.ts";

// SST ends physical names with eight of these letters, drawn anew in each run.
const alphabet = "abcdefhkmnorstuvwxz";
const suffixed = new RegExp(`^(.+-)[${alphabet}]{8}(\\.fifo)?$`);

/**
 * Keeps physical names the same between runs. SST draws a name's suffix each time and asks the engine, by
 * `ignoreChanges`, to keep the one that is deployed; here it derives from the installation's seed instead.
 */
export const keepNames = <T extends Record<string, unknown>>(
  inputs: T,
  ignoreChanges: readonly string[],
  urn: string,
  seed: string,
): T => {
  const kept: Record<string, unknown> = { ...inputs };
  for (const field of ignoreChanges) {
    const value = inputs[field];
    const match = typeof value === "string" ? suffixed.exec(value) : null;
    if (match) kept[field] = match[1] + derive(seed, urn).chars(`suffix of ${field}`, 8, alphabet) + (match[2] ?? "");
  }
  return kept as T;
};
