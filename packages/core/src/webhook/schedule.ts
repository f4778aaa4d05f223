/** Seconds before each further attempt: nine attempts within 24 hours. */
export const retryDelays = [2, 10, 60, 300, 1800, 7200, 21_600, 39_600] as const;

/** How far a delay is spread, so that receivers that failed together are not called together. */
const spread = 0.2;

/**
 * Seconds to wait after the `failed`th failed attempt; null when that was the last. `random` is from 0 to 1.
 */
export const delayAfter = (failed: number, random: number): number | null => {
  const delay = retryDelays[failed - 1];
  return delay === undefined ? null : delay * (1 - spread + 2 * spread * random);
};

/** A webhook that has only failed for so long is disabled. */
export const patienceMilliseconds = 5 * 24 * 3600 * 1000;

/** A delivery that nobody took up for so long after it was due has lost its job: jobs wait for a minute at most. */
export const overdueMilliseconds = 2 * 60_000;

/** After a lost job was replaced, so long nobody looks again: the queue may be behind rather than out. */
export const sweptMilliseconds = 15 * 60_000;

/** Seconds for which a secret that was replaced goes on signing. */
export const overlapSeconds = { most: 7 * 24 * 3600, usual: 24 * 3600 } as const;

/** A worker that has not finished after so long is taken for dead: five seconds of a request, and some for the rest. */
export const claimMilliseconds = 25_000;
