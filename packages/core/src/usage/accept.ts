const minute = 60_000;
export const hourMs = 60 * minute;
export const dayMs = 24 * hourMs;

/** An event's timestamp may lie this far from its arrival in the stream. */
export const acceptBack = 35 * dayMs;
export const acceptAhead = 5 * minute;

/**
 * How long an accepted event may wait in the stream until it is counted: the longest retention that the stacks give
 * the stream. The window is judged by arrival, so that a redelivery gets the same verdict.
 */
export const maxDelay = 7 * dayMs;

/** When the last event of a bucket that ends at `end` can have been counted. From then on the consumer refuses them. */
export const closesAt = (end: number): number => end + acceptBack + maxDelay;

/** How long ids are kept after their hour: until it is closed, and two days for clocks that differ. */
export const idsExpireAt = (end: number): number => closesAt(end) + 2 * dayMs;
