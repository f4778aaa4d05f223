import { Operation, onboardingSteps, type Step } from "@tenantry/core/operation/operation";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";

type Item = Record<string, unknown>;

/** Nulls are not stored: an attribute that is absent can be set once, by `if_not_exists`. */
const withoutNulls = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null));

/** Steps are stored as a map by name, so that steps that run at once write to different attributes. */
export const operationToItem = ({ steps, ...operation }: Operation) => ({
  ...keys.operation(operation.id),
  ...listedIn(partitions.operations, operation.id),
  ...listedIn(partitions.operationsOn(operation.tenant_id), operation.id),
  entity: "operation" satisfies Entity,
  version: 1,
  ...withoutNulls(operation),
  steps: Object.fromEntries(steps.map(({ name, ...step }) => [name, withoutNulls(step)])),
});

/** How many writes made this item what it is: it only rises. */
export const versionOf = (item: Item): number => Number(item["version"] ?? 0);

export const operationFromItem = (item: Item): Operation => {
  const { steps, ...operation } = withoutKeys(item);
  const stored = (steps ?? {}) as Record<string, Partial<Step>>;
  return Operation.parse({
    error: null,
    ended_at: null,
    ...operation,
    steps: onboardingSteps.map((name) => ({ name, started_at: null, ended_at: null, error: null, ...stored[name] })),
  });
};
