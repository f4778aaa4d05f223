import { endOf } from "./cover.ts";
import { chains, livesThrough } from "./pack.ts";
import { faultsAt, type Seen, type TierPoints } from "./points.ts";
import { type Injected, isBack, random, type Round, type Schedule } from "./schedule.ts";

/**
 * Which faults of a run are pairs, by their places in it: what ends an onboarding and each of those of its compensation;
 * where nothing ends it, two of one task.
 */
export const pairsIn = (round: Round): [number, number][] => {
  if (round.some(({ point }) => isBack(point)))
    return round.flatMap(({ point }, at): [number, number][] => (isBack(point) ? [[0, at]] : []));
  return round.flatMap(({ point }, at): [number, number][] => {
    const before = round.findLastIndex((other, place) => place < at && other.point.step === point.step);
    return before < 0 ? [] : [[before, at]];
  });
};

/**
 * Pairs of faults, drawn by a seed. One half are a fault that ends the onboarding and one of each task of the compensation;
 * the other half are two of one task, which it shall live through, and so of each task. A run holds several pairs, as
 * tasks share nothing but the operation.
 */
export const pairs = (count: number, seed: number, tiers: readonly TierPoints[]): Schedule[] => {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const of = (kinds: readonly ("survivable" | "fatal")[], point: Seen): Injected[] => {
    const at = faultsAt(point, Math.floor(next() * 4));
    return kinds.flatMap((kind) => at[kind]).map((fault) => ({ point, fault }));
  };
  const byStep = (list: readonly Seen[]): Seen[][] =>
    Object.values(Object.groupBy(list, ({ step }) => step)).map((one) => one ?? []);

  const lost = ({ onward, back }: TierPoints, room: number): Round => {
    // Four times of five late, when there is much to take back.
    const steps = next() < 0.8 ? /^ProvisionNamespace/ : /^(?:Validate|Provision)/;
    const ends = onward.filter(({ step }) => steps.test(step)).flatMap((point) => of(["fatal"], point));
    return [
      pick([...ends, endOf(onward)]),
      ...byStep(back)
        .slice(0, room)
        .map((points) => pick(of(["survivable", "fatal"], pick(points)))),
    ];
  };
  /** Two of each task that go together: not many of those drawn do not. */
  const lived = ({ onward }: TierPoints, room: number): Round =>
    byStep(onward)
      .slice(0, room)
      .flatMap((points) => {
        for (let tries = 0; tries < 100; tries += 1) {
          const two = [pick(points), pick(points)]
            .toSorted((a, b) => points.indexOf(a) - points.indexOf(b))
            .map((point) => pick(of(["survivable"], point)));
          if (two[0]?.fault !== "task-twice" && livesThrough(two)) return two;
        }
        return [];
      });

  const rounds = (draw: (room: number) => Round, wanted: number): Round[] => {
    const round = wanted > 0 ? draw(wanted) : [];
    const held = pairsIn(round).length;
    return held === 0 ? [] : [round, ...rounds(draw, wanted - held)];
  };
  return tiers.flatMap((points, turn) => {
    const share = Math.floor((count + turn) / tiers.length);
    const losing = rounds((room) => lost(points, room), Math.ceil(share / 2));
    const living = rounds((room) => lived(points, room), Math.floor(share / 2));
    return chains(losing, living).map((list) => ({ tier: points.tier, rounds: list, together: true }));
  });
};
