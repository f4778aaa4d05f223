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

/** Runs something on each, so many at once. */
export const pooled = async <T, R>(
  list: readonly T[],
  width: number,
  run: (item: T) => Promise<R>,
  tell: () => void = () => undefined,
): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < list.length) {
      const at = next++;
      results[at] = await run(list[at]!);
      tell();
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, list.length) }, worker));
  return results;
};
