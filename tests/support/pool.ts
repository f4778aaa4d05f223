export type Slots = <T>(run: () => Promise<T>) => Promise<T>;

/** So many at once; the others wait their turn. */
export const slots = (width: number): Slots => {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
};

/** Takes one after the other from a queue, so many at once, until it is empty. Others may take from it too. */
export const drained = async <T>(queue: T[], width: number, run: (item: T) => Promise<void>): Promise<void> => {
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
};

/** Runs something on each, so many at once. Results are in the order of the list. */
export const pooled = async <T, R>(list: readonly T[], width: number, run: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  await drained([...list.entries()], width, async ([at, item]) => {
    results[at] = await run(item);
  });
  return results;
};
