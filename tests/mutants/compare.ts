type Place = { readonly line: number; readonly column: number };

/** What is used of Stryker's report. https://github.com/stryker-mutator/mutation-testing-elements */
export type Report = {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly status: string;
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly location: { readonly start: Place; readonly end: Place };
        }[];
      }
    >
  >;
};

/** A change that no test can see, by its file, its text and what stands there instead, and why. */
export type Excuse = { readonly file: string; readonly from: string; readonly to: string; readonly why: string };

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

const textAt = (source: string, start: Place, end: Place): string => {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, at) => line.slice(at === 0 ? start.column - 1 : 0, at === last ? end.column - 1 : undefined))
    .join("\n");
};

/**
 * Judges a run: which changes survived that nobody excused, and which excuses are for nothing. Lines may move: a change
 * is known by its text.
 */
export const compareMutants = ({ files }: Report, excuses: readonly Excuse[]) => {
  const nameOf = (file: string, from: string, to: string) => `${file}: ${oneLine(from)} → ${oneLine(to)}`;
  const known = new Map(excuses.map((each) => [nameOf(each.file, each.from, each.to), each.why]));
  const used = new Set<string>();
  const survivors: string[] = [];
  const counts = { mutants: 0, killed: 0, excused: 0, ignored: 0 };
  for (const [file, { source, mutants }] of Object.entries(files))
    for (const { status, replacement = "", location, mutatorName } of mutants) {
      if (status === "Ignored") counts.ignored += 1;
      else {
        counts.mutants += 1;
        const name = nameOf(file, textAt(source, location.start, location.end), replacement);
        if (["Survived", "NoCoverage"].includes(status)) {
          if ((known.get(name) ?? "") === "") survivors.push(`${name} (line ${location.start.line}, ${mutatorName})`);
          else counts.excused += 1;
          used.add(name);
        } else counts.killed += 1;
      }
    }
  return { ...counts, survivors, stale: [...known.keys()].filter((name) => !used.has(name)) };
};
