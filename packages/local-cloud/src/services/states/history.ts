import type { Collection } from "../../store.ts";
import type { Json } from "./asl.ts";
import { runtimeFailure } from "./failure.ts";

/** One event as GetExecutionHistory answers it; its details stand under a name that depends on the type. */
export type HistoryEvent = {
  readonly id: number;
  readonly previousEventId: number;
  /** Seconds since the epoch, as the protocol writes times. */
  readonly timestamp: number;
  readonly type: string;
  readonly [details: string]: Json;
};

/** Records an event after another one and returns its id. */
export type Recorder = (type: string, previous: number, details?: Record<string, Json>) => number;

/** Where a standard execution ends: AWS keeps no more events of one execution. */
const mostEvents = 25_000;

const stateEvent = /^(Task|Pass|Choice|Wait|Succeed|Fail|Parallel|Map)State(Entered|Exited)$/;

const detailsName = (type: string): string => {
  const match = stateEvent.exec(type);
  return match ? `state${match[2]}EventDetails` : `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
};

/** The history of one execution: `write` is called for each event, in order. */
export const recorder = (write: (event: HistoryEvent) => void, after = 0): Recorder => {
  let last = after;
  return (type, previous, details) => {
    last += 1;
    if (last === mostEvents && !type.startsWith("Execution")) {
      throw runtimeFailure(`The execution reached the maximum number of history events (${mostEvents}).`);
    }
    write({
      id: last,
      previousEventId: previous,
      timestamp: Date.now() / 1000,
      type,
      ...(details && { [detailsName(type)]: details }),
    });
    return last;
  };
};

export const historyKey = (executionArn: string, id: number): string =>
  `${executionArn}#${String(id).padStart(6, "0")}`;

/** The events of one execution, oldest first. */
export const readHistory = (events: Collection<HistoryEvent>, executionArn: string): HistoryEvent[] =>
  events.list(`${executionArn}#`).map(({ value }) => value);
