/** What is written to one stream or table. */
export type Watched = {
  /** How many writes were told of. */
  readonly count: number;
  /** Resolves once there were more writes than `count`, the time is up, or the signal is raised. */
  after(count: number, milliseconds: number, signal: AbortSignal): Promise<void>;
};

/** Engines tell of what they write, so that who reads their streams need not ask again and again. */
export type Writes = {
  /** A request to an engine may have changed what its body names. */
  tell(body: Buffer): void;
  /** @param name of a table or a stream, as requests name it. */
  watch(name: string): Watched;
};

export const createWrites = (): Writes => {
  const known = new Map<string, { count: number; readonly waiting: Set<() => void> }>();
  return {
    tell(body) {
      for (const [name, one] of known) {
        if (!body.includes(name)) continue;
        one.count += 1;
        for (const go of one.waiting) go();
      }
    },
    watch(name) {
      const one = known.get(name) ?? { count: 0, waiting: new Set() };
      known.set(name, one);
      return {
        get count() {
          return one.count;
        },
        after: (count, milliseconds, signal) =>
          new Promise((resolve) => {
            if (one.count > count || signal.aborted) {
              resolve();
              return;
            }
            const go = (): void => {
              clearTimeout(timer);
              one.waiting.delete(go);
              signal.removeEventListener("abort", go);
              resolve();
            };
            const timer = setTimeout(go, milliseconds).unref();
            one.waiting.add(go);
            signal.addEventListener("abort", go);
          }),
      };
    },
  };
};
