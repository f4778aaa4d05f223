import { accessKinds } from "./access.ts";
import { coreKinds } from "./core.ts";
import type { Kind } from "./kind.ts";
import { workloadKinds } from "./workloads.ts";

/** Every kind that the cluster serves. */
export const kinds: readonly Kind[] = [...coreKinds, ...workloadKinds, ...accessKinds];

export const findKind = (group: string, version: string, plural: string): Kind | undefined =>
  kinds.find((one) => one.group === group && one.version === version && one.plural === plural);

/** @throws Error when the cluster does not serve the kind: for the cloud's own use. */
export const kindNamed = (name: string): Kind => {
  const found = kinds.find((one) => one.kind === name);
  if (found === undefined) throw new Error(`There is no kind ${name}.`);
  return found;
};
