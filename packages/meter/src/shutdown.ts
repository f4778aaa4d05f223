import type { Meter } from "./meter.ts";

/** A little less than what Docker, ECS and Kubernetes wait for at least, which is ten seconds. */
const timeout = 8000;

/**
 * Delivers what is in the buffer when the process is told to end, and when it ends because nothing is left to do. A
 * signal that nobody else listens to then ends the process as it would have; otherwise whoever listens decides when,
 * and what is recorded until then is delivered too, unless they call `process.exit`.
 */
export const onShutdown = (meter: Pick<Meter, "flush">, signals: readonly NodeJS.Signals[]): void => {
  for (const signal of signals)
    process.once(signal, () => {
      const alone = process.listenerCount(signal) === 0;
      void meter.flush({ timeout }).then(() => alone && process.kill(process.pid, signal));
    });
  let tried = false;
  process.on("beforeExit", () => {
    // `beforeExit` comes again after whatever a listener began; one attempt is enough for what cannot be delivered.
    if (tried) return;
    tried = true;
    void meter.flush({ timeout });
  });
};
