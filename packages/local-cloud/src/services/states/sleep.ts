const longestTimer = 2 ** 31 - 1;

/** Waits until a moment, however far away; rejects with the signal's reason when it is aborted. */
export const sleepUntil = async (time: number, signal: AbortSignal): Promise<void> => {
  for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
    await abortable(
      signal,
      (done) => setTimeout(done, Math.min(left, longestTimer)),
      (timer) => clearTimeout(timer),
    );
  }
  signal.throwIfAborted();
};

const abortable = async <T>(signal: AbortSignal, start: (done: () => void) => T, cancel: (handle: T) => void) => {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const handle = start(resolve);
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await promise;
  } finally {
    cancel(handle);
    signal.removeEventListener("abort", abort);
  }
};

/** A promise that also rejects when the signal is aborted. What it waited for goes on unobserved. */
export const raceAbort = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  work.catch(() => undefined);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
};
