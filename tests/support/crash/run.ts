import { setTimeout as sleep } from "node:timers/promises";
import type { TierName } from "@tenantry/core/tenant/tier";
import { patience } from "@tenantry/core/operation/sweep";
import type { Ready } from "../app.ts";
import { invoke } from "../billing.ts";
import type { Inventory } from "../inventory.ts";
import { clearAway } from "./clear.ts";
import { gatewayOf } from "./faults.ts";
import { difference, inspector } from "./inspect.ts";
import { type Clean, learner } from "./learn.ts";
import { again, type Run, untried } from "./outcome.ts";
import type { TierPoints } from "./points.ts";
import { drained, type Slots, slots } from "../pool.ts";
import { endsAll, rulesOf, type Schedule } from "./schedule.ts";
import { type Subject, subjectsOf } from "./subjects.ts";
import { watchOperations } from "../watch-operations.ts";

/** Schedules to be run, by one harness or by several. */
export type Queue = { readonly silos: Schedule[]; readonly others: Schedule[] };

export const queueOf = (schedules: readonly Schedule[]): Queue => ({
  silos: schedules.filter(({ tier }) => tier === "premium"),
  others: schedules.filter(({ tier }) => tier !== "premium"),
});

export type RunOptions = {
  /** Workers live through the death of what they run. */
  readonly spared?: boolean;
  readonly onDone?: () => void;
};

export type Harness = {
  clean(tier: string): Promise<Clean>;
  /** The calls of each tier's onboarding, and of the compensation of one that failed at its end. */
  learn(tiers: readonly TierName[]): Promise<TierPoints[]>;
  /** Takes schedules from the queue until it is empty; what faults led others around is tried again. */
  run(queue: Queue, options?: RunOptions): Promise<Run[]>;
};

/**
 * How many onboardings are on their way at once. Many of them wait for a retry or for what may still be at work; when too
 * many do not, tasks run out of their time, and are done again.
 */
const concurrency = Number(process.env["CRASH_CONCURRENCY"] ?? 12);

/** How schedules are gone through: so many at once, and whether workers live through deaths. */
type Way = { readonly slot: Slots; readonly spared: boolean };

/** Those of silos: when many servers start at once, each takes longer than the stage's short waits allow. */
const silosAtOnce = 6;

export const createHarness = async (ready: Ready): Promise<Harness> => {
  const ended = await watchOperations(ready);
  const inspect = inspector(ready);
  const gateway = gatewayOf(ready);
  const subjects = subjectsOf(ready);
  const { clean, learn } = learner(ready, { gateway, subjects, ended });

  /** What is not as it must be of an operation that ended so. */
  const judge = async (tier: string, tenant: Subject, status: string, inventory: Inventory): Promise<string[]> => {
    if (status !== "succeeded" && status !== "failed") return [`the operation is ${status}`];
    const wanted = status === "succeeded" ? (await clean(tier)).inventory : [];
    const [is, must] = [await subjects.statusOf(tenant), status === "succeeded" ? "active" : "failed"];
    const wrong = difference(inventory.of(tenant), wanted);
    return [
      ...(is === must ? [] : [`${status}: the tenant is ${is}`]),
      ...(wrong === "" ? [] : [`${status}: ${wrong}`]),
    ];
  };
  /** What was late is there at the second look; what is left over stays. */
  const judged = async (tier: string, tenant: Subject, status: string): Promise<string[]> => {
    const first = await judge(tier, tenant, status, await inspect());
    if (first.length === 0) return first;
    await sleep(4000);
    return judge(tier, tenant, status, await inspect());
  };

  /** What could not be taken back is tried again by a schedule, which comes as soon as it may take an operation up. */
  const endedOrSwept = async (operation: string): Promise<string> => {
    const status = await ended(operation);
    if (status !== "compensation_failed") return status;
    await sleep(patience + 2000);
    await invoke(ready, /SweepOperations/);
    return ended(operation);
  };

  /** One run of each round, until one of them lives; what the others were to meet is begun with another tenant. */
  const follow = async ({ tier, rounds, together = false }: Schedule, { slot, spared }: Way): Promise<Run[]> => {
    let tenant: Subject | undefined;
    const attempt = async (nth: number): Promise<string> => {
      if (nth === 0) tenant = await subjects.begin(tier);
      if (tenant === undefined) throw new Error("No tenant was begun.");
      await gateway.befall(tenant.id, rulesOf(rounds[nth] ?? [], tenant.id, spared));
      const refused = nth === 0 ? undefined : await subjects.retry(tenant, nth);
      return refused === undefined ? endedOrSwept(tenant.operation) : `refused the retry: ${refused}`;
    };
    const runs: Run[] = [];
    for (let nth = 0; ; nth += 1) {
      const round = rounds[nth] ?? [];
      const status = await slot(() => attempt(nth));
      if (tenant === undefined) throw new Error("No tenant was begun.");
      const hits = await gateway.hitsOf(tenant.id);
      const wrong = await judged(tier, tenant, status);
      if (status === "failed" && !round.some(endsAll))
        wrong.push(`undone by what it should live through, ${await subjects.errorOf(tenant)}`);
      runs.push({ tier, round, together, hits, status, tenant, wrong });
      if (status === "failed" && wrong.length === 0) continue;
      await gateway.spare(tenant.id);
      if (tier === "premium" && wrong.length === 0) await clearAway(ready, tenant);
      const rest = rounds.slice(nth + 1);
      return rest.length === 0
        ? runs
        : [...runs, ...(await follow({ tier, rounds: rest, together }, { slot, spared }))];
    }
  };

  /** A schedule, and then what some of its faults led around. */
  const tryAll = async (schedule: Schedule, way: Way): Promise<Run[]> => {
    const runs = await follow(schedule, way).catch(unable(schedule));
    const others = await Promise.all(runs.flatMap(again).map((one) => tryAll(one, way)));
    return [...runs, ...others.flat()];
  };

  return {
    clean,
    learn,
    async run({ silos, others }, { spared = false, onDone } = {}) {
      for (const tier of new Set([...silos, ...others].map((schedule) => schedule.tier))) await clean(tier);
      await gateway.hold();
      const runs: Run[] = [];
      const atOnce = (queue: Schedule[], width: number): Promise<void> => {
        const slot = slots(width);
        // Those that wait for a look at everything keep nobody else from starting.
        return drained(queue, width * 2, async (one) => {
          runs.push(...(await tryAll(one, { slot, spared })));
          onDone?.();
        });
      };
      await Promise.all([atOnce(silos, silosAtOnce), atOnce(others, concurrency)]);
      await gateway.clear();
      return runs;
    },
  };
};

/** What could not be tried to its end counts as a violation, and keeps no other schedule from its turn. */
const unable =
  ({ tier, rounds, together = false }: Schedule) =>
  (error: unknown): Run[] =>
    rounds.map((round) => ({
      tier,
      round,
      together,
      hits: [],
      status: untried,
      tenant: { id: "", slug: "", owner: "", operation: "" },
      wrong: [`not tried to its end: ${String(error)}`],
    }));
