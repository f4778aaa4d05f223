import { setTimeout as wait } from "node:timers/promises";

/** Waits, or returns early when the signal is raised. Keeps no process alive. */
export const sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await wait(milliseconds, undefined, { signal, ref: false });
  } catch {
    // Raised: the caller looks at the signal itself.
  }
};

/** Doubling from `first` up to `limit`, with up to a quarter of jitter. */
export const backoff = (attempt: number, first = 200, limit = 5000): number =>
  Math.min(limit, first * 2 ** Math.min(attempt, 16)) * (0.75 + Math.random() / 4);

/** A bell that several loops wait for: whoever waits when it rings goes on. */
export const createBell = () => {
  let ring = Promise.withResolvers<void>();
  return {
    ring(): void {
      ring.resolve();
      ring = Promise.withResolvers<void>();
    },
    /** Until the next ring, the time is up, or the signal is raised. */
    async wait(signal: AbortSignal, milliseconds?: number): Promise<void> {
      const ended = new AbortController();
      const heard = ring.promise.then(() => ended.abort());
      await Promise.race([heard, sleep(milliseconds ?? 60_000, AbortSignal.any([signal, ended.signal]))]);
      ended.abort();
    },
  };
};
