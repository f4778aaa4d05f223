import type { Retrier } from "./asl.ts";
import { matchesError } from "./failure.ts";

/** How long to wait before retry number `attempt` (from 0), in milliseconds. */
const delay = (retrier: Retrier, attempt: number): number => {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Infinity, JitterStrategy } = retrier;
  const seconds = Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds);
  return seconds * 1000 * (JitterStrategy === "FULL" ? Math.random() : 1);
};

/** Counts the retries of one visit to a state. Answers the wait before the next attempt, or undefined when there is none. */
export const retries = (retriers: readonly Retrier[]): ((error: string) => number | undefined) => {
  const used = retriers.map(() => 0);
  return (error) => {
    const index = retriers.findIndex((retrier) => matchesError(retrier.ErrorEquals, error));
    const retrier = retriers[index];
    const attempt = used[index] ?? 0;
    if (retrier === undefined || attempt >= (retrier.MaxAttempts ?? 3)) return undefined;
    used[index] = attempt + 1;
    return delay(retrier, attempt);
  };
};
