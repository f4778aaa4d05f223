import {
  type Compensation,
  compensationSteps,
  Operation,
  onboardingSteps,
  type Step,
  type StepName,
} from "@tenantry/core/operation/operation";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";

type Item = Record<string, unknown>;

/** Nulls are not stored: an attribute that is absent can be set once, by `if_not_exists`. */
const withoutNulls = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null));

/** Steps are stored as a map by name, so that steps that run at once write to different attributes. */
export const stepsToItem = (steps: readonly (Step | Compensation)[]): Record<string, Item> =>
  Object.fromEntries(steps.map(({ name, ...step }) => [name, withoutNulls(step)]));

/** The attribute that holds a step. */
export const attributeOf = (step: StepName): "steps" | "compensation" =>
  (compensationSteps as readonly StepName[]).includes(step) ? "compensation" : "steps";

export const operationToItem = ({ steps, compensation, ...operation }: Operation) => ({
  ...keys.operation(operation.id),
  ...listedIn(partitions.operationsIn(operation.status), operation.id),
  ...listedIn(partitions.operationsOn(operation.tenant_id), operation.id),
  entity: "operation" satisfies Entity,
  version: 1,
  ...withoutNulls(operation),
  steps: stepsToItem(steps),
  ...(compensation.length === 0 ? {} : { compensation: stepsToItem(compensation) }),
  // Deadlines of the attempts in flight, by `step/flight`.
  flights: {},
});

/** How many writes made this item what it is: it only rises. */
export const versionOf = (item: Item): number => Number(item["version"] ?? 0);

const stepsFromItem = (names: readonly StepName[], stored: unknown) =>
  names.map((name) => ({
    name,
    started_at: null,
    ended_at: null,
    error: null,
    ...((stored ?? {}) as Record<string, object>)[name],
  }));

export const operationFromItem = (item: Item): Operation => {
  const { steps, compensation, ...operation } = withoutKeys(item);
  return Operation.parse({
    attempt: 1,
    execution: operation["id"],
    error: null,
    cancelled_at: null,
    ended_at: null,
    ...operation,
    steps: stepsFromItem(onboardingSteps, steps),
    compensation: compensation === undefined ? [] : stepsFromItem(compensationSteps, compensation),
  });
};

/** The attempts in flight at this time, as steps. */
export const flightsIn = (item: Item, at: string): StepName[] =>
  Object.entries((item["flights"] ?? {}) as Record<string, string>)
    .filter(([, deadline]) => deadline > at)
    .map(([flight]) => flight.split("/")[0] as StepName);
