/** Lets a few at a time through; those who wait are let in by rank, then in the order of their coming. */
export type Gate = {
  /** @returns what to call when done. Lower ranks go first. */
  enter(rank: number): Promise<() => void>;
};

export const createGate = (width: number): Gate => {
  let inside = 0;
  const waiting: { readonly rank: number; open(): void }[] = [];
  const leave = (): void => {
    inside -= 1;
    const first = waiting.toSorted((a, b) => a.rank - b.rank)[0];
    if (first === undefined) return;
    waiting.splice(waiting.indexOf(first), 1);
    inside += 1;
    first.open();
  };
  const once = (run: () => void): (() => void) => {
    let ran = false;
    return () => {
      if (!ran) run();
      ran = true;
    };
  };
  return {
    async enter(rank) {
      if (inside < width) inside += 1;
      else await new Promise<void>((resolve) => waiting.push({ rank, open: resolve }));
      return once(leave);
    },
  };
};
