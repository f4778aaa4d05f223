/**
 * Runs `work` on every item, at most `width` at a time, and tells which of them failed instead of throwing. Work that is
 * done when it returns is not waited for.
 */
export const concurrently = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => void | Promise<void>,
): Promise<{ readonly item: T; readonly error: unknown }[]> => {
  const failures: { item: T; error: unknown }[] = [];
  let next = 0;
  const lane = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      try {
        const working = work(item);
        if (working !== undefined) await working;
      } catch (error) {
        failures.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return failures;
};
