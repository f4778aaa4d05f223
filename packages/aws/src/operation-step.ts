import type { OperationStatus, StepError, StepName } from "@tenantry/core/operation/operation";
import type { Operations } from "@tenantry/core/ports";
import { listedIn, partitions } from "./control-table.ts";
import { attributeOf } from "./operation-item.ts";
import type { OperationUpdate } from "./operation-update.ts";

/** The statuses of an operation in which this step may be at work. */
export const phaseOf = (step: StepName): readonly OperationStatus[] =>
  attributeOf(step) === "compensation" ? ["compensating"] : ["pending", "running"];

/** The same as a condition, and the values in it. */
const inPhase = (step: StepName) => {
  const values = Object.fromEntries(phaseOf(step).map((status) => [`:${status}`, status]));
  return { when: `#status IN (${Object.keys(values).join(", ")})`, values };
};

const flightName = (step: StepName, flightId: string) => ({ "#flight": `${step}/${flightId}` });

/** A step begins, unless it has succeeded: that stands, whoever runs it again. */
export const startOf = (
  id: string,
  step: StepName,
  at: string,
  flight: Parameters<Operations["startStep"]>[3],
): OperationUpdate => {
  const place = `${attributeOf(step)}.${step}`;
  const written = `#${attributeOf(step)}.#${step}`;
  const phase = inPhase(step);
  const forward = { status: "running", gsi1pk: listedIn(partitions.operationsIn("running"), id)["gsi1pk"] };
  return {
    set: {
      ...(attributeOf(step) === "steps" ? forward : {}),
      [`${place}.status`]: "running",
      [`${place}.ended_at`]: null,
      [`${place}.error`]: null,
      updated_at: at,
      ...(flight === undefined ? {} : { "flights.#flight": flight.deadline }),
    },
    ...(flight === undefined ? {} : { names: flightName(step, flight.id) }),
    compute: {
      [`${place}.attempts`]: `${written}.#attempts + :next`,
      [`${place}.started_at`]: `if_not_exists(${written}.#started_at, :at)`,
    },
    when:
      `attribute_exists(${written}) AND ${written}.#status <> :succeeded AND ${phase.when}` +
      (flight === undefined ? "" : " AND #execution = :execution"),
    values: {
      ":at": at,
      ":succeeded": "succeeded",
      ...phase.values,
      ...(flight === undefined ? {} : { ":execution": flight.execution }),
    },
  };
};

/**
 * A step ends if it runs. A flight that succeeds where another failed has done what the step is for; one that fails where
 * another succeeded changes nothing.
 */
export const endOf = (
  step: StepName,
  at: string,
  error: StepError | null,
  flightId: string | undefined,
): OperationUpdate => {
  const place = `${attributeOf(step)}.${step}`;
  const status = `#${attributeOf(step)}.#${step}.#status`;
  const phase = inPhase(step);
  const helps = error === null && flightId !== undefined;
  return {
    set: {
      [`${place}.status`]: error === null ? "succeeded" : "failed",
      [`${place}.ended_at`]: at,
      [`${place}.error`]: error,
      updated_at: at,
      ...(flightId === undefined ? {} : { "flights.#flight": null }),
    },
    when: helps
      ? `${status} = :running OR (${status} = :failed AND attribute_exists(#flights.#flight) AND ${phase.when})`
      : `${status} = :running`,
    values: { ...(helps ? { ...phase.values, ":failed": "failed" } : {}), ":running": "running" },
    ...(flightId === undefined ? {} : { names: flightName(step, flightId) }),
  };
};
