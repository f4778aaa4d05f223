import type { Wanted } from "./cover.ts";
import { endsTask, type Injected, isPersistent, type Round, type Schedule } from "./schedule.ts";

/** How many of a task's tries a fault takes: of those after a death, and of those after other trouble. */
type Tries = { readonly deaths: number; readonly troubles: number };
const triesOf = (fault: Injected["fault"]): Tries => {
  if (/^(?:killed|timed-out)/.test(fault)) return { deaths: fault === "killed-twice" ? 2 : 1, troubles: 0 };
  return { deaths: 0, troubles: fault === "call-twice" || fault === "task-twice" ? 0 : 1 };
};

/**
 * Whether no other fault of the task can come after this one: a task that has run a second time beside itself has nothing
 * left to do, and one that has ended is not tried again.
 */
const closes = (one: Injected): boolean => one.fault === "task-twice" || endsTask(one);

/** Whether one run of a task lives through these, each of which it meets at another call. */
export const livesThrough = (list: readonly Injected[]): boolean => {
  if (new Set(list.map(({ point }) => point)).size < list.length) return false;
  const tries = list.map(({ fault }) => triesOf(fault));
  const deaths = tries.reduce((sum, one) => sum + one.deaths, 0);
  const troubles = tries.reduce((sum, one) => sum + one.troubles, 0);
  return isPersistent(list[0]?.point.step ?? "") ? deaths + troubles <= 4 : deaths <= 1 && troubles <= 4;
};

/** Parts one task's faults into as few runs as it lives through. */
const partsOf = (list: readonly Injected[]): Injected[][] => {
  const parts: Injected[][] = [];
  const placeOf = new Map([...new Set(list.map(({ point }) => point))].map((point, place) => [point, place]));
  const at = ({ point }: Injected): number => placeOf.get(point) ?? 0;
  for (const one of list.filter((fault) => !closes(fault))) {
    const room = parts.find((part) => livesThrough([...part, one]));
    if (room === undefined) parts.push([one]);
    else room.push(one);
  }
  for (const one of list.filter(closes)) {
    const room = parts.findLast((part) => part.every((other) => !closes(other) && at(other) < at(one)));
    if (room === undefined) parts.push([one]);
    else room.push(one);
  }
  return parts;
};

/** Runs that meet all of these faults: tasks share nothing but the operation, so each of them meets a part of its own. */
const together = (list: readonly Injected[]): Round[] => {
  const parts = Object.values(Object.groupBy(list, ({ point }) => point.step)).map((faults = []) => partsOf(faults));
  const longest = Math.max(0, ...parts.map((one) => one.length));
  return Array.from({ length: longest }, (_, at) => parts.flatMap((one) => one[at] ?? []));
};

/** How many runs of one tenant come to nothing, at most, before one of them is to live. */
const most = 6;

/**
 * Chains of runs that come to nothing, each with one at its end that is to live. Those of a chain stand far apart in the
 * list: a retry mostly gets past where the run before it ended.
 */
export const chains = (lost: readonly Round[], living: readonly Round[]): Round[][] => {
  const count = Math.max(living.length, Math.ceil(lost.length / most));
  return Array.from({ length: count }, (_, first) => [
    ...lost.filter((_round, at) => at % count === first),
    ...living.slice(first, first + 1),
  ]);
};

/**
 * Schedules that meet all of these faults. The faults that tasks survive are met together, as many as they live through.
 * A fault that ends the onboarding is the only one on its way. Where it comes last, so that all there is to take back is
 * there, the steps that take back meet a part of theirs.
 */
export const packed = (wanted: readonly Wanted[]): Schedule[] =>
  wanted.flatMap(({ tier, survivable, fatal, back, end }) =>
    chains([...fatal.map((one) => [one]), ...together(back).map((round) => [end, ...round])], together(survivable)).map(
      (rounds) => ({ tier, rounds }),
    ),
  );

/** The same faults, each in an onboarding of its own. */
export const alone = (wanted: readonly Wanted[]): Schedule[] =>
  wanted.flatMap(({ tier, survivable, fatal, back, end }) => [
    ...[...survivable, ...fatal].map((one) => ({ tier, rounds: [[one]] })),
    ...back.map((one) => ({ tier, rounds: [[end, one]] })),
  ]);
