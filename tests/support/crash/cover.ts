import { type TierName, tiers as tierOf } from "@tenantry/core/tenant/tier";
import { callOf, faultsAt, type Seen, type TierPoints } from "./points.ts";
import { endsAll, faultNames, type Injected, random } from "./schedule.ts";

/** Single faults of one tier, to be met by somebody. */
export type Wanted = {
  readonly tier: TierName;
  readonly survivable: readonly Injected[];
  readonly fatal: readonly Injected[];
  readonly back: readonly Injected[];
  /** A fault that ends every onboarding of the tier at its end, so that all there is to take back is there. */
  readonly end: Injected;
};

export const endOf = (onward: readonly Seen[]): Injected => {
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
    const mine = (list: readonly Seen[], kind: "survivable" | "fatal"): Injected[] =>
      list.flatMap((point) => {
        const call = callOf(tier, point);
        const turn = turns.get(call) ?? 0;
        const all = owners.get(call) ?? [];
        // What other tiers do too is met where no server has to be made for it.
        const served = all.filter((name) => tierOf[name].database !== "silo");
        const shared = served.length > 0 ? served : all;
        return faultsAt(point, turn)[kind].flatMap((fault, at) =>
          shared[(turn + at) % shared.length] === tier ? [{ point, fault }] : [],
        );
      });
    const fatal = mine(onward, "fatal");
    return {
      tier,
      survivable: [...mine(onward, "survivable"), ...fatal.filter((one) => !endsAll(one))],
      fatal: fatal.filter(endsAll),
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
    const pick = (list: readonly Seen[], kind: "survivable" | "fatal"): Injected[] => {
      const steps = [...new Set(list.map(({ step }) => step))];
      return steps.flatMap((step, place) => {
        const calls = list.filter((point) => point.step === step);
        return faultNames.flatMap((fault, number) => {
          if ((place + number) % turns !== 0) return [];
          const open = calls.filter((point) =>
            [0, 1, 2, 3].some((turn) => faultsAt(point, turn)[kind].includes(fault)),
          );
          const point = open[Math.floor(next() * open.length)];
          return point === undefined ? [] : [{ point, fault }];
        });
      });
    };
    const fatal = pick(onward, "fatal");
    return {
      tier,
      survivable: [...pick(onward, "survivable"), ...fatal.filter((one) => !endsAll(one))],
      fatal: fatal.filter(endsAll),
      back: [...pick(back, "survivable"), ...pick(back, "fatal")],
      end: endOf(onward),
    };
  });
};
