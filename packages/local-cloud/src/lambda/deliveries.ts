import type { Host, Invocation } from "../part.ts";
import { AwsError } from "../gateway/service.ts";

/** An asynchronous invocation that was accepted: it is tried until it succeeds or its attempts are used up. */
export type Delivery = {
  /** The name or ARN of the function; where others than functions are reached, their ARN. */
  readonly functionName: string;
  readonly payload: unknown;
  /** How often it is tried again after a failure. */
  readonly retries: number;
};

type Stored = Delivery & { readonly attempts: number };

/** Accepted invocations, kept in the store until they end: a cloud that is killed runs them again. */
export type Deliveries = {
  enqueue(delivery: Delivery): void;
  /** Takes up what an earlier run left behind. */
  resume(): void;
  close(): void;
};

/** Lambda waits one and two minutes between attempts; nobody wants to wait so long on a laptop. */
const delays = [1000, 2000, 5000, 10_000];

export const createDeliveries = (
  host: Host,
  name: string,
  run: (target: string, payload: unknown) => Promise<Pick<Invocation, "error">> = (target, payload) =>
    host.invoke(target, payload),
): Deliveries => {
  const store = host.store.collection<Stored>(name);
  const timers = new Set<NodeJS.Timeout>();
  const active = new Set<string>();
  let closed = false;
  let serial = 0;

  const later = (key: string, milliseconds: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void attempt(key);
    }, milliseconds);
    timers.add(timer);
  };
  const failed = (key: string, item: Stored, reason: string): void => {
    const attempts = item.attempts + 1;
    if (attempts > item.retries) {
      host.log(`lambda: gave up on ${item.functionName} after ${attempts} attempts: ${reason}`);
      store.delete(key);
      return;
    }
    store.put(key, { ...item, attempts });
    later(key, delays[Math.min(item.attempts, delays.length - 1)] ?? 1000);
  };
  const attempt = async (key: string): Promise<void> => {
    const item = closed || active.has(key) ? undefined : store.get(key);
    if (!item) return;
    active.add(key);
    try {
      const { error } = await run(item.functionName, item.payload);
      if (closed) return;
      if (error) failed(key, item, `${error.errorType}: ${error.errorMessage}`);
      else store.delete(key);
    } catch (error) {
      if (closed) return;
      // A throttled call was never run: it waits without using up an attempt.
      if (error instanceof AwsError && error.code === "TooManyRequestsException") later(key, 1000);
      else failed(key, item, String(error));
    } finally {
      active.delete(key);
    }
  };
  return {
    enqueue(delivery) {
      const key = `${Date.now().toString().padStart(15, "0")}-${process.pid}-${serial++}`;
      store.put(key, { ...delivery, attempts: 0 });
      void attempt(key);
    },
    resume() {
      for (const { key } of store.list()) void attempt(key);
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
};
