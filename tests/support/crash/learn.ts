import type { TierName } from "@tenantry/core/tenant/tier";
import type { Ready } from "../app.ts";
import { takeInventory } from "../inventory.ts";
import type { Call, gatewayOf } from "./faults.ts";
import type { Seen, TierPoints } from "./points.ts";
import { isBack } from "./schedule.ts";
import type { subjectsOf } from "./subjects.ts";

/** What a tenant of a tier has that was onboarded without a fault, and the calls that this took. */
export type Clean = { readonly inventory: string[]; readonly points: Seen[] };

/** The calls of the tasks, in the order of their first. */
const pointsOf = (calls: readonly Call[]): Seen[] => {
  const opened = new Set<string>();
  /** How often each call was made so far, by each run of its task. */
  const made = new Map<string, Map<string, number>>();
  return calls.flatMap(({ service, action, invocation, payload }): Seen[] => {
    // Other functions hear of the tenant too, such as the one that publishes its events.
    const { step } = JSON.parse(payload) as { step?: string };
    if (step === undefined) return [];
    const opens = !opened.has(invocation);
    opened.add(invocation);
    const key = `${step} ${service} ${action}`;
    const runs = made.get(key) ?? new Map<string, number>();
    made.set(key, runs);
    const nth = runs.get(invocation) ?? 0;
    runs.set(invocation, nth + 1);
    const turn = [...runs.keys()].indexOf(invocation);
    // A silo's server is asked about as often as it takes: those who ask a third time ask the same.
    return turn > 1 ? [] : [{ step, service, action: action ?? "", nth, turn, opens }];
  });
};

/** Learns from onboardings that are recorded which calls there are. */
export const learner = (
  ready: Ready,
  {
    gateway,
    subjects,
    ended,
  }: {
    readonly gateway: ReturnType<typeof gatewayOf>;
    readonly subjects: ReturnType<typeof subjectsOf>;
    readonly ended: (operation: string) => Promise<string>;
  },
) => {
  const recorded = (tier: string, rules: (id: string) => object[]) =>
    gateway.recording(async () => {
      await gateway.hold();
      const tenant = await subjects.begin(tier);
      await gateway.befall(tenant.id, rules(tenant.id));
      await ended(tenant.operation);
      await gateway.spare(tenant.id);
      return { tenant, points: pointsOf(await gateway.callsOf(tenant.id)) };
    });

  const onboarded = async (tier: string): Promise<Clean> => {
    // The first tenant of a server also makes what all tenants share.
    await ended((await subjects.begin(tier)).operation);
    const { tenant, points } = await recorded(tier, () => []);
    const status = await subjects.statusOf(tenant);
    if (status !== "active") throw new Error(`A clean onboarding of ${tier} ended ${status}.`);
    return { inventory: (await takeInventory(ready)).of(tenant), points };
  };

  const compensated = async (tier: string): Promise<Seen[]> => {
    const last = (id: string) => [
      { service: "dynamodb", kind: "refuse", times: 1, invocation: [id, '"step":"ActivateTenant"'] },
    ];
    return (await recorded(tier, last)).points.filter(isBack);
  };

  const known = new Map<string, Promise<Clean>>();
  const clean = (tier: string): Promise<Clean> => {
    const one = known.get(tier) ?? onboarded(tier);
    known.set(tier, one);
    return one;
  };

  return {
    clean,
    learn: (tiers: readonly TierName[]): Promise<TierPoints[]> =>
      Promise.all(
        tiers.map(async (tier) => {
          const { points } = await clean(tier);
          return { tier, onward: points, back: await compensated(tier) };
        }),
      ),
  };
};
