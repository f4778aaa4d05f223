import type { Clock } from "../ports.ts";
import type { TaskStatus, Versioned } from "./task-status.ts";

/** The changes of the last day by topic, and how operations stand. */
export interface ProgressFeed {
  /** Keeps messages under each of these topics. Idempotent in effect: who reads them knows a change by its `seq`. */
  append(topics: readonly string[], messages: readonly TaskStatus[]): Promise<void>;
  /** What entered the topic after this time, in the order in which it did; null when it is more than `limit`. */
  after(topic: string, at: string, limit: number): Promise<readonly TaskStatus[] | null>;
  get(operationId: string): Promise<Versioned | null>;
  /** The operations that have not ended, of one tenant or of all. */
  unfinished(tenantId: string | undefined): Promise<readonly Versioned[]>;
}

/** One subscription of one connection. `expiresAt` is when its token or its connection ends, in seconds since 1970. */
export type Subscriber = { readonly connectionId: string; readonly expiresAt: number };

export interface Subscribers {
  add(topic: string, subscriber: Subscriber): Promise<void>;
  /** Whoever subscribed before this call is among them. */
  of(topics: readonly string[]): Promise<readonly Subscriber[]>;
  /** Forgets all subscriptions of a connection. */
  remove(connectionId: string): Promise<void>;
}

/** The open connections. */
export interface Wire {
  /** Returns `"gone"` when the connection has ended. */
  post(connectionId: string, message: object): Promise<"sent" | "gone">;
  close(connectionId: string): Promise<void>;
}

export type ProgressPorts = {
  readonly feed: ProgressFeed;
  readonly subscribers: Subscribers;
  readonly wire: Wire;
  readonly clock: Clock;
};
