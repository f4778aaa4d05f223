/** Line numbers in short: `1-3,7`. */
export const lineRanges = (lines: readonly number[]): string => {
  const ranges: { from: number; to: number }[] = [];
  for (const line of lines.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && line <= last.to + 1) last.to = Math.max(last.to, line);
    else ranges.push({ from: line, to: line });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
};

/** Whether a line is among them. */
export const inLineRanges = (ranges: string, line: number): boolean =>
  ranges.split(",").some((range) => {
    const [from, to] = range.split("-").map(Number);
    return from !== undefined && from > 0 && line >= from && line <= (to ?? from);
  });
