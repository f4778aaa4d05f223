import type { LatePeriod } from "@tenantry/core/usage/roll-up-late";
import { periodOf } from "@tenantry/core/usage/period";
import { periodFrom, periodsPartition } from "./usage-table.ts";

const prefix = periodsPartition("");

/** The late period that a change of the Usage table is about, by the keys of the item, or undefined if about none. */
export const latePeriodOf = (keys: { readonly pk: string; readonly sk: string }): LatePeriod | undefined => {
  if (!keys.pk.startsWith(prefix)) return undefined;
  const { kind, from } = periodFrom(keys.sk);
  return { tenantId: keys.pk.slice(prefix.length), period: periodOf(kind, from) };
};
