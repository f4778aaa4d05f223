/** Runs `work` on every item, at most `width` at a time, and tells which of them failed instead of throwing. */
export const concurrently = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<{ readonly item: T; readonly error: unknown }[]> => {
  const failures: { item: T; error: unknown }[] = [];
  let next = 0;
  const lane = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      try {
        await work(item);
      } catch (error) {
        failures.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return failures;
};
