import type { TierName } from "@tenantry/core/tenant/tier";
import { callOf, faultsAt, type TierPoints } from "./points.ts";
import {
  type FaultName,
  faultNames,
  type Injected,
  type Point,
  random,
  type Round,
  type Schedule,
} from "./schedule.ts";

/** Single faults of one tier, to be met by somebody. */
type Wanted = {
  readonly tier: TierName;
  readonly survivable: readonly Injected[];
  readonly fatal: readonly Injected[];
  readonly back: readonly Injected[];
  /** A fault that ends every onboarding of the tier at its end, so that all there is to take back is there. */
  readonly end: Injected;
};

/** Steps that the saga does not give up for: what is for good elsewhere is survived there. */
const forgiven = new Set(["NotifyOwner", "FinishOnboarding"]);

const endOf = (onward: readonly Point[]): Injected => {
  // The first one: after a later one the tenant is active, and there is nothing to take back.
  const point = onward.find(({ step }) => step === "ActivateTenant");
  if (point === undefined) throw new Error("No call of ActivateTenant was recorded.");
  return { point, fault: "refused" };
};

/** Every fault at every call, each once: a call that tiers share falls to one of them, by turns. */
export const everySingle = (tiers: readonly TierPoints[], seed: number): Wanted[] => {
  const owners = new Map<string, TierName[]>();
  for (const { tier, onward, back } of tiers)
    for (const point of [...onward, ...back]) {
      const call = callOf(tier, point);
      owners.set(call, [...(owners.get(call) ?? []), tier]);
    }
  const turns = new Map([...owners.keys()].map((call, at) => [call, at + seed]));
  return tiers.map(({ tier, onward, back }) => {
    const mine = (list: readonly Point[], kind: "survivable" | "fatal"): Injected[] =>
      list.flatMap((point) => {
        const call = callOf(tier, point);
        const turn = turns.get(call) ?? 0;
        const all = owners.get(call) ?? [];
        // A statement that needs no server of one's own is met where there is none: that takes a tenth of the time.
        const shared = point.service === "postgres" && all.includes("business") ? (["business"] as const) : all;
        return faultsAt(point, turn)[kind].flatMap((fault, at) =>
          shared[(turn + at) % shared.length] === tier ? [{ point, fault }] : [],
        );
      });
    const fatal = mine(onward, "fatal");
    return {
      tier,
      survivable: [...mine(onward, "survivable"), ...fatal.filter(({ point }) => forgiven.has(point.step))],
      fatal: fatal.filter(({ point }) => !forgiven.has(point.step)),
      back: [...mine(back, "survivable"), ...mine(back, "fatal")],
      end: endOf(onward),
    };
  });
};

/**
 * Of each task of each tier each fault that it can meet, once: at a call that the seed picks. With two `turns` a task meets
 * every second fault, and the next task the others; and so on.
 */
export const sample = (tiers: readonly TierPoints[], seed: number, turns = 1): Wanted[] => {
  const next = random(seed);
  return tiers.map(({ tier, onward, back }) => {
    const pick = (list: readonly Point[], kind: "survivable" | "fatal"): Injected[] => {
      const steps = [...new Set(list.map(({ step }) => step))];
      return steps.flatMap((step, place) => {
        const calls = list.filter((point) => point.step === step);
        return faultNames.flatMap((fault, number) => {
          if ((place + number) % turns !== 0) return [];
          const open = calls.filter((point) => [0, 1].some((turn) => faultsAt(point, turn)[kind].includes(fault)));
          const point = open[Math.floor(next() * open.length)];
          return point === undefined ? [] : [{ point, fault }];
        });
      });
    };
    const fatal = pick(onward, "fatal");
    return {
      tier,
      survivable: [...pick(onward, "survivable"), ...fatal.filter(({ point }) => forgiven.has(point.step))],
      fatal: fatal.filter(({ point }) => !forgiven.has(point.step)),
      back: [...pick(back, "survivable"), ...pick(back, "fatal")],
      end: endOf(onward),
    };
  });
};

/** How many of a task's tries a fault takes: of those after a death, and of those after other trouble. */
type Tries = { readonly deaths: number; readonly troubles: number };
const triesOf = ({ point, fault }: Injected): Tries => {
  if (/^(?:killed|timed-out)/.test(fault)) return { deaths: fault === "killed-twice" ? 2 : 1, troubles: 0 };
  if (fault === "call-twice" || fault === "task-twice") return { deaths: 0, troubles: 0 };
  // A client of AWS tries three times by itself before the task fails; the others do not.
  return { deaths: 0, troubles: point.service === "postgres" || point.service === "kubernetes" ? 3 : 1 };
};

/** Whether one run of a task lives through these. A release is tried again five times, whatever it was. */
const livesThrough = (step: string, list: readonly Injected[]): boolean => {
  const tries = list.map(triesOf);
  const deaths = tries.reduce((sum, one) => sum + one.deaths, 0);
  const troubles = tries.reduce((sum, one) => sum + one.troubles, 0);
  // A task's second run meets whatever else is there, beside the first: that would be a pair.
  if (list.length > 1 && list.some(({ fault }) => fault === "task-twice")) return false;
  return /^(?:Release|FailOnboarding)/.test(step) ? deaths + troubles <= 4 : deaths <= 1 && troubles <= 4;
};

/** Parts a task's faults into as few runs as it lives through; no run meets two of them at one call. */
const partsOf = (step: string, list: readonly Injected[]): Injected[][] => {
  const parts: Injected[][] = [];
  for (const one of list) {
    const room = parts.find(
      (part) => part.every(({ point }) => point !== one.point) && livesThrough(step, [...part, one]),
    );
    if (room === undefined) parts.push([one]);
    else room.push(one);
  }
  return parts;
};

/** Runs that meet all of these faults: tasks share nothing but the operation, so each of them meets a part of its own. */
const rounds = (list: readonly Injected[]): Round[] => {
  const steps = Object.entries(Object.groupBy(list, ({ point }) => point.step));
  const parts = steps.map(([step, faults = []]) => partsOf(step, faults));
  const longest = Math.max(0, ...parts.map((one) => one.length));
  return Array.from({ length: longest }, (_, at) => parts.flatMap((one) => one[at] ?? []));
};

/** How many runs of one tenant come to nothing before one of them is let live. */
const chain = 6;

/** Each chain in the order of the list, and far apart in it: a retry mostly gets past where the run before it ended. */
const chained = (list: readonly Round[], most = chain): Round[][] => {
  const chains = Math.ceil(list.length / most);
  return Array.from({ length: chains }, (_, first) => list.filter((_round, at) => at % chains === first));
};

/**
 * Schedules that meet all of these faults. The faults that tasks survive are met together, as many as they live through.
 * A fault that ends the onboarding is the only one on its way; the retry then meets the next one. Where it comes last, so
 * that all there is to take back is there, the steps that take back meet a part of theirs.
 */
export const packed = (wanted: readonly Wanted[]): Schedule[] =>
  wanted.flatMap(({ tier, survivable, fatal, back, end }) => [
    ...rounds(survivable).map((round) => ({ tier, rounds: [round] })),
    ...chained(fatal.map((one) => [one])).map((list) => ({ tier, rounds: list })),
    ...chained(rounds(back).map((round) => [end, ...round])).map((list) => ({ tier, rounds: list })),
  ]);

/** The same faults, each in an onboarding of its own. */
export const alone = (wanted: readonly Wanted[]): Schedule[] =>
  wanted.flatMap(({ tier, survivable, fatal, back, end }) => [
    ...[...survivable, ...fatal].map((one) => ({ tier, rounds: [[one]] })),
    ...back.map((one) => ({ tier, rounds: [[end, one]] })),
  ]);

/** What makes an onboarding fail for good, so that a second fault can meet the compensation. */
const fatalOnes: readonly FaultName[] = ["refused", "refused-after", "killed-twice"];

/** How many pairs one tenant meets before it is let live. */
const pairChain = 3;

/**
 * Pairs of faults, drawn by a seed. Half of them fail the onboarding for good and then meet its compensation; the
 * other half meet any two calls.
 */
export const pairs = (count: number, seed: number, tiers: readonly TierPoints[]): Schedule[] => {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const drawn = Array.from({ length: count }, (_, at) => {
    const { tier, onward, back } = pick(tiers);
    const compensated = at % 2 === 0 && back.length > 0;
    const first = { point: pick(onward), fault: pick(compensated ? fatalOnes : faultNames) };
    return { tier, round: [first, { point: pick(compensated ? back : onward), fault: pick(faultNames) }] };
  });
  return Object.entries(Object.groupBy(drawn, ({ tier }) => tier)).flatMap(([tier, list]) => {
    const chains = chained(
      list.map(({ round }) => round),
      pairChain,
    );
    return chains.map((one) => ({ tier, rounds: one, together: true }));
  });
};
