import { pairsIn } from "./pairs.ts";
import { type Injected, isBack, nameOf, type Round, type Schedule } from "./schedule.ts";
import type { Subject } from "./subjects.ts";

/** One run of an onboarding with what befell it, how it ended, and what was not as it must be then. */
export type Run = {
  readonly tier: string;
  readonly round: Round;
  readonly together: boolean;
  /** How often each fault of the round was met. */
  readonly hits: readonly number[];
  readonly status: string;
  readonly tenant: Subject;
  readonly wrong: readonly string[];
};

export type Outcome = {
  /** Runs that something was to befall. */
  readonly runs: number;
  readonly tenants: number;
  /** Faults that they held, and those of them that befell a call: a run may go another way. */
  readonly faults: number;
  readonly met: number;
  readonly unmet: readonly Schedule[];
  /** Pairs of faults that a run was to meet together, and those of which it met both. */
  readonly pairs: number;
  readonly pairsMet: number;
  /** Runs that lived through their faults, and that were undone and then retried. */
  readonly survived: number;
  readonly undone: number;
  /** How many of each fault were met, by `task fault`. */
  readonly metBy: ReadonlyMap<string, number>;
  readonly violations: readonly { readonly schedule: string; readonly what: string }[];
};

/** The status of a run that never came about. */
export const untried = "not tried";

/** What befalls a compensation needs the fault at the end of the onboarding that leads to it. */
const leadOf = (round: Round): Round => (round.some(({ point }) => isBack(point)) ? round.slice(0, 1) : []);

/** The faults of a run that the others with them led around. */
const missed = ({ round, together, hits, status }: Run): Injected[] => {
  const ends = leadOf(round).length;
  if (together || status === untried || round.length - ends < 2) return [];
  return round.filter((_, at) => at >= ends && (hits[at] ?? 0) === 0);
};

/** What was missed is to be tried again: one fault of each task at a time, or by itself when nothing was met. */
export const again = (run: Run): Schedule[] => {
  const [list, ends] = [missed(run), leadOf(run.round)];
  const ofTasks = Object.values(Object.groupBy(list, ({ point }) => point.step)).map((of = []) => of);
  const most = Math.max(0, ...ofTasks.map(({ length }) => length));
  const rounds =
    ends.length + list.length === run.round.length
      ? list.map((one) => [...ends, one])
      : Array.from({ length: most }, (_, at) => [...ends, ...ofTasks.flatMap((of) => of[at] ?? [])]);
  if (ends.length === 0) return rounds.map((round) => ({ tier: run.tier, rounds: [round] }));
  return rounds.length === 0 ? [] : [{ tier: run.tier, rounds }];
};

/** What became of these runs. */
export const outcomeOf = (all: readonly Run[]): Outcome => {
  const runs = all.filter(({ round }) => round.length > 0);
  /** Those that had another turn. */
  const led = runs.flatMap(missed).length;
  const metBy = new Map<string, number>();
  const unmet: Schedule[] = [];
  const count = ({ point, fault }: Injected): void => {
    const key = `${point.step} ${fault}`;
    metBy.set(key, (metBy.get(key) ?? 0) + 1);
  };
  for (const run of runs)
    for (const [at, one] of run.round.entries()) {
      if ((run.hits[at] ?? 0) > 0) count(one);
      else if (missed(run).length === 0) unmet.push({ tier: run.tier, rounds: [run.round] });
    }
  const drawn = runs
    .filter(({ together }) => together)
    .flatMap(({ round, hits }) => pairsIn(round).map((pair) => ({ pair, hits })));
  return {
    runs: runs.length,
    tenants: new Set(all.map(({ tenant }) => tenant.id)).size,
    faults: runs.reduce((sum, { round }) => sum + round.length, 0) - led,
    met: [...metBy.values()].reduce((sum, each) => sum + each, 0),
    unmet,
    pairs: drawn.length,
    pairsMet: drawn.filter(({ pair, hits }) => pair.every((at) => (hits[at] ?? 0) > 0)).length,
    survived: runs.filter(({ status }) => status === "succeeded").length,
    undone: runs.filter(({ status }) => status === "failed").length,
    metBy,
    violations: all.flatMap(({ tier, round, wrong, tenant }) =>
      wrong.map((what) => ({ schedule: nameOf({ tier, rounds: [round] }), what: `${what} (${tenant.id})` })),
    ),
  };
};
