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
import { pairsIn } from "./pairs.ts";
import type { TierPoints } from "./points.ts";
import { drained, type Slots, slots } from "../pool.ts";
import { endsAll, type Injected, isBack, nameOf, type Round, rulesOf, type Schedule } from "./schedule.ts";
import { type Subject, subjectsOf } from "./subjects.ts";
import { watchOperations } from "../watch-operations.ts";

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

const untried = "not tried";

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

/** What befalls a compensation needs the fault at the end of the onboarding that leads to it. */
const endOf = (round: Round): Round => (round.some(({ point }) => isBack(point)) ? round.slice(0, 1) : []);

/** The faults of a run that the others with them led around. */
const missed = ({ round, together, hits, status }: Run): Injected[] => {
  const ends = endOf(round).length;
  if (together || status === untried || round.length - ends < 2) return [];
  return round.filter((_, at) => at >= ends && (hits[at] ?? 0) === 0);
};

/** What was missed is tried again: one fault of each task at a time, or by itself when nothing was met. */
const again = (run: Run): Schedule[] => {
  const [list, ends] = [missed(run), endOf(run.round)];
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
