import type { Store } from "../store.ts";

/** An event as EventBridge delivers it. */
export type LoggedEvent = {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
};

const KEPT = 1000;

/** The last thousand events, oldest first, kept between runs: what a test or a curious person looks at. */
export const createEventLog = (store: Store) => {
  const events = store.collection<LoggedEvent>("events.log");
  const keys = events.list().map(({ key }) => key);
  let serial = Number(keys.at(-1) ?? 0);
  return {
    add(event: LoggedEvent): void {
      serial += 1;
      const key = String(serial).padStart(12, "0");
      events.put(key, event);
      keys.push(key);
      const oldest = keys.length > KEPT ? keys.shift() : undefined;
      if (oldest !== undefined) events.delete(oldest);
    },
    /** Those whose fields equal the query's: `detail-type`, `source`, `id`. */
    list(query: URLSearchParams): LoggedEvent[] {
      const wanted = (["detail-type", "source", "id"] as const).filter((field) => query.has(field));
      return events
        .list()
        .map(({ value }) => value)
        .filter((event) => wanted.every((field) => event[field] === query.get(field)));
    },
  };
};
