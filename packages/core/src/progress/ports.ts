import type { Clock } from "../ports.ts";
import type { TaskStatus, Versioned } from "./task-status.ts";

/** The changes of the last day, by organisation, and how operations stand. */
export interface ProgressFeed {
  /** Keeps the messages of one write for each of these. Idempotent in effect: who reads them knows a change by its `seq`. */
  append(orgIds: readonly string[], messages: readonly TaskStatus[]): Promise<void>;
  /** What came after this time, in the order in which it did; null when it is of more than `limit` writes. */
  after(orgId: string, at: string, limit: number): Promise<readonly TaskStatus[] | null>;
  get(operationId: string): Promise<Versioned | null>;
  /** The operations that have not ended, of one tenant or of all. */
  unfinished(tenantId: string | undefined): Promise<readonly Versioned[]>;
}

/** One who is connected. `expiresAt` is when the token or the connection ends, in seconds since 1970. */
export type Subscriber = { readonly connectionId: string; readonly expiresAt: number };

/** What one of an organisation watches: an operation, or all that the organisation may see. */
export type Subscription = Subscriber & { readonly orgId: string; readonly operationId: string | null };

export interface Subscribers {
  add(subscription: Subscription): Promise<void>;
  /** All of these organisations. Whoever subscribed before this call is among them. */
  of(orgIds: readonly string[]): Promise<readonly Subscription[]>;
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
