import type { Meter } from "./meter.ts";

type LambdaContext = { getRemainingTimeInMillis?(): number };
type Request = { readonly context: LambdaContext };

export type FlushOptions = {
  /** Milliseconds to spend on it at most; 2,000. It never takes the last half second of the invocation. */
  readonly timeout?: number;
  /** Told how many events stay in the buffer until the next invocation, if there is one. */
  readonly onLeft?: (events: number) => void;
};

const spare = 500;

const deliver = async (meter: Meter, context: LambdaContext, { timeout = 2000, onLeft }: FlushOptions) => {
  const remaining = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
  const left = await meter.flush({ timeout: Math.max(1, Math.min(timeout, remaining - spare)) });
  if (left > 0) onLeft?.(left);
};

/**
 * Middy middleware: delivers the events of an invocation before it ends, whether it succeeds or fails. Between
 * invocations Lambda stops the process, and what is in its memory may never run again.
 */
export const meterUsage = (meter: Meter, options: FlushOptions = {}) => ({
  after: ({ context }: Request): Promise<void> => deliver(meter, context, options),
  onError: ({ context }: Request): Promise<void> => deliver(meter, context, options),
});

/** The same for a handler without middy. */
export const flushAfter =
  <Event, Context extends LambdaContext, Result>(
    meter: Meter,
    handler: (event: Event, context: Context) => Promise<Result>,
    options: FlushOptions = {},
  ) =>
  async (event: Event, context: Context): Promise<Result> => {
    try {
      return await handler(event, context);
    } finally {
      await deliver(meter, context, options);
    }
  };
