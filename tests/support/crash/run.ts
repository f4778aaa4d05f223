import { setTimeout as sleep } from "node:timers/promises";
import type { TierName } from "@tenantry/core/tenant/tier";
import { send, signIn } from "../api.ts";
import type { Ready } from "../app.ts";
import { ask } from "../aws.ts";
import { type Inventory, type Known, takeInventory } from "../inventory.ts";
import { difference, inspector } from "./inspect.ts";
import type { TierPoints } from "./points.ts";
import { nameOf, type Point, rulesOf, type Schedule } from "./schedule.ts";
import { watchOperations } from "./watch.ts";

export type Violation = { readonly schedule: string; readonly what: string };

export type Outcome = {
  readonly schedules: number;
  /** Faults that the schedules hold, and those of them that befell a call: a run may go another way. */
  readonly faults: number;
  readonly met: number;
  readonly unmet: readonly Schedule[];
  /** Onboardings that lived through their faults, and that were undone and then retried. */
  readonly survived: number;
  readonly undone: number;
  /** How many of each fault were met, by `task fault`. */
  readonly metBy: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
};

export type Harness = {
  /** The inventory of a tenant of the tier onboarded without a fault, and the calls that this took. */
  clean(tier: string): Promise<{ inventory: string[]; points: Point[] }>;
  /** The calls of each tier's onboarding, and of the compensation of one that failed at its end. */
  learn(tiers: readonly TierName[]): Promise<TierPoints[]>;
  /** Runs schedules and says what was not as it must be. */
  run(schedules: readonly Schedule[], options?: { onDone?: (done: number) => void }): Promise<Outcome>;
};

type Subject = Known & { readonly operation: string };
type Trial = { readonly schedule: Schedule; readonly tenant: Subject; readonly hits: readonly number[] };

/** How many onboardings are on their way at once. Most of them wait for a retry or for what may still be at work. */
const concurrency = Number(process.env["CRASH_CONCURRENCY"] ?? 16);

/** Tenants of one run of the harness have names of one length, so that none is found in another. */
const names = (() => {
  const run = Date.now().toString(36).slice(-6);
  let number = 0;
  return () => `cr${run}-${String((number += 1)).padStart(5, "0")}`;
})();

export const createHarness = async (ready: Ready): Promise<Harness> => {
  const ended = await watchOperations(ready);
  const inspect = inspector(ready);
  const cleanOnes = new Map<string, ReturnType<Harness["clean"]>>();

  // A token lives for an hour, and a run may take longer.
  let token: { readonly value: Promise<string>; readonly since: number } | undefined;
  const signedIn = (): Promise<string> => {
    if (token === undefined || Date.now() - token.since > 600_000)
      token = { value: patiently(() => signIn(ready)), since: Date.now() };
    return token.value;
  };
  const faults = async (method: string, body?: object, invocation?: string): Promise<string> => {
    const query = invocation === undefined ? "" : `?invocation=${invocation}`;
    return ask(ready, "faults", `/_faults${query}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  /** A machine with more to do than it can is no violation; with its key the request may be sent again. */
  const post = async (path: string, body: object, key: string) => {
    for (let tries = 1; ; tries += 1) {
      const headers = { "idempotency-key": key };
      const answer = await send(ready, "POST", path, { token: await signedIn(), body, headers }).catch(() => undefined);
      const busy = answer === undefined || answer.status >= 500 || answer.headers.has("retry-after");
      if (answer !== undefined && (answer.status === 202 || !busy || tries === 30)) return answer;
      if (tries === 30) throw new Error(`POST ${path}: no answer.`);
      await sleep(1000);
    }
  };
  /** One attempt to onboard a tenant of a name that nobody has. */
  const begin = async (tier: string): Promise<Subject> => {
    const slug = names();
    const owner = `owner@${slug}.example`;
    const { status, body, text } = await post("/admin/tenants", { name: slug, tier, owner: { email: owner } }, slug);
    // An answer that was lost leaves nothing to be replayed; the refusal names what there is.
    const [mine] = /\bten_\w+/.exec(body?.detail) ?? [];
    const [its] = /\bop_\w+/.exec(body?.detail) ?? [];
    if (status === 409 && body?.detail?.includes(`slug ${slug} `) && mine !== undefined && its !== undefined)
      return { id: mine, slug, owner, operation: its };
    if (status !== 202) throw new Error(`POST /admin/tenants: ${status} ${text}`);
    if (body.tenant.slug !== slug) throw new Error(`The slug of ${slug} is ${body.tenant.slug}.`);
    return { id: body.tenant.id, slug, owner, operation: body.operation.id };
  };
  const statusOf = ({ id }: Subject): Promise<string> =>
    patiently(async () => {
      const { status, body } = await send(ready, "GET", `/admin/tenants/${id}`, { token: await signedIn() });
      if (status !== 200) throw new Error(`GET /admin/tenants/${id}: ${status}`);
      return body.status as string;
    });

  /** Rules follow a tenant's id, which is known only once its onboarding has begun: its first step waits for them. */
  const hold = async (): Promise<void> => {
    const { faults: known } = JSON.parse(await faults("GET")) as { faults: { kind: string }[] };
    if (known.some(({ kind }) => kind === "hold")) return;
    await faults("POST", {
      service: "dynamodb",
      kind: "hold",
      invocation: ['"step":"ValidateTenant"'],
      delayMs: 20_000,
    });
  };
  const inert = (tenantId: string) => ({ service: "none", kind: "delay", invocation: [tenantId] });

  const callsOf = async (tenantId: string): Promise<Point[]> => {
    const { calls: made } = JSON.parse(await ask(ready, "faults", `/_calls?match=${tenantId}`)) as {
      calls: { service: string; action: string | null; payload: string }[];
    };
    const counts = new Map<string, number>();
    return made.flatMap(({ service, action, payload }): Point[] => {
      // Other functions hear of the tenant too, such as the one that publishes its events.
      const { step } = JSON.parse(payload) as { step?: string };
      if (step === undefined) return [];
      const key = `${step} ${service} ${action}`;
      const nth = counts.get(key) ?? 0;
      counts.set(key, nth + 1);
      // A silo's server is asked about as often as it takes: those who ask a third time ask the same.
      if (step.endsWith("Database") && (service === "rds" || service === "dynamodb") && nth > 1) return [];
      return [{ step, service, action: action ?? "", nth }];
    });
  };
  let recordings = 0;
  const recorded = async (tier: string, rules: (id: string) => object[]) => {
    if ((recordings += 1) === 1) await ask(ready, "faults", "/_calls", { method: "POST" });
    try {
      await hold();
      const tenant = await begin(tier);
      await faults("POST", [...rules(tenant.id), inert(tenant.id)]);
      await ended(tenant.operation);
      await faults("DELETE", undefined, tenant.id);
      return { tenant, points: await callsOf(tenant.id) };
    } finally {
      if ((recordings -= 1) === 0) await ask(ready, "faults", "/_calls", { method: "DELETE" });
    }
  };

  const retry = async ({ tenant }: Trial): Promise<string> => {
    await faults("DELETE", undefined, tenant.id);
    await faults("POST", inert(tenant.id));
    const path = `/admin/operations/${tenant.operation}/retry`;
    const answer = await post(path, {}, `${tenant.slug}-retry`);
    // An answer that was lost leaves nothing to be replayed: what it began goes on all the same.
    if (answer.status === 409 && /is (?:pending|running)/.test(answer.body?.detail)) return ended(tenant.operation);
    if (answer.status !== 202) return `the retry was answered ${answer.status} ${answer.body?.code ?? answer.text}`;
    return ended(answer.body.operation?.id ?? answer.body.id ?? tenant.operation);
  };

  /** What is not as it must be of an operation that ended so. */
  const judge = async ({ tenant, schedule }: Trial, status: string, inventory: Inventory): Promise<string[]> => {
    if (status !== "succeeded" && status !== "failed") return [`the operation is ${status}`];
    const found = inventory.of(tenant);
    const wanted = status === "succeeded" ? (await harness.clean(schedule.tier)).inventory : [];
    const [is, must] = [await statusOf(tenant), status === "succeeded" ? "active" : "failed"];
    const wrong = difference(found, wanted);
    return [
      ...(is === must ? [] : [`${status}: the tenant is ${is}`]),
      ...(wrong === "" ? [] : [`${status}: ${wrong}`]),
    ];
  };
  /** What was late is there at the second look; what is left over stays. */
  const judged = async (trial: Trial, status: string): Promise<string[]> => {
    const first = await judge(trial, status, await inspect());
    if (first.length === 0) return first;
    await sleep(4000);
    return judge(trial, status, await inspect());
  };

  const tryOne = async (schedule: Schedule) => {
    const tenant = await begin(schedule.tier);
    await faults("POST", [...rulesOf(schedule, tenant.id), inert(tenant.id)]);
    const status = await ended(tenant.operation);
    const known = JSON.parse(await faults("GET", undefined, tenant.id)) as { faults: { hits: number }[] };
    const trial: Trial = { schedule, tenant, hits: known.faults.slice(0, -1).map(({ hits }) => hits) };
    return { trial, status };
  };
  /** From the first call to the last look. */
  const follow = async (schedule: Schedule, slot: Slots) => {
    const { trial, status } = await slot(() => tryOne(schedule));
    const wrong = await judged(trial, status);
    if (status === "failed") {
      const again = await slot(() => retry(trial));
      wrong.push(
        ...(again === "succeeded" ? await judged(trial, again) : [`after the retry: ${again}`]).map(
          (one) => `retried: ${one}`,
        ),
      );
    }
    await faults("DELETE", undefined, trial.tenant.id);
    if (schedule.tier === "premium" && wrong.length === 0) await shutDown(ready, trial.tenant);
    return { trial, status, wrong };
  };

  const cleanOne = async (tier: string) => {
    // The first tenant of a server also makes what all tenants share.
    await ended((await begin(tier)).operation);
    const { tenant, points } = await recorded(tier, () => []);
    const status = await statusOf(tenant);
    if (status !== "active") throw new Error(`A clean onboarding of ${tier} ended ${status}.`);
    return { inventory: (await takeInventory(ready)).of(tenant), points };
  };
  const compensated = async (tier: string): Promise<Point[]> => {
    const { points } = await recorded(tier, (id) => [
      { service: "dynamodb", kind: "refuse", times: 1, invocation: [id, '"step":"ActivateTenant"'] },
    ]);
    return points.filter(({ step }) => /^(?:Release|BeginCompensation|FailOnboarding)/.test(step));
  };

  const harness: Harness = {
    clean(tier) {
      const known = cleanOnes.get(tier) ?? cleanOne(tier);
      cleanOnes.set(tier, known);
      return known;
    },
    learn: (tiers) =>
      Promise.all(
        tiers.map(async (tier) => {
          const { points } = await harness.clean(tier);
          return { tier, onward: points, back: await compensated(tier) };
        }),
      ),
    async run(schedules, { onDone } = {}) {
      for (const tier of new Set(schedules.map((schedule) => schedule.tier))) await harness.clean(tier);
      await hold();
      let done = 0;
      const slot = slots(concurrency);
      const ends = await pooled(
        schedules,
        (schedule) => follow(schedule, slot),
        () => onDone?.((done += 1)),
        // Those that wait for a look at everything keep nobody else from starting.
        concurrency * 2,
      );
      await faults("DELETE");
      const metBy = new Map<string, number>();
      for (const { trial } of ends)
        for (const [at, { point, fault }] of trial.schedule.injected.entries())
          if ((trial.hits[at] ?? 0) > 0)
            metBy.set(`${point.step} ${fault}`, (metBy.get(`${point.step} ${fault}`) ?? 0) + 1);
      return {
        schedules: ends.length,
        faults: ends.reduce((sum, { trial }) => sum + trial.schedule.injected.length, 0),
        unmet: ends.flatMap(({ trial: { schedule, hits } }) =>
          schedule.injected.flatMap((one, at) =>
            (hits[at] ?? 0) === 0 ? [{ tier: schedule.tier, injected: [one] }] : [],
          ),
        ),
        met: [...metBy.values()].reduce((sum, each) => sum + each, 0),
        survived: ends.filter(({ status }) => status === "succeeded").length,
        undone: ends.filter(({ status }) => status === "failed").length,
        metBy,
        violations: ends.flatMap(({ trial, wrong }) =>
          wrong.map((what) => ({ schedule: nameOf(trial.schedule), what: `${what} (${trial.tenant.id})` })),
        ),
      };
    },
  };
  return harness;
};

/** Again, as long as that may help. */
const patiently = async <T>(run: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries === 10) throw error;
      await sleep(1000);
    }
  }
};

/** A silo that was looked at for the last time keeps its server from using the machine's memory. */
const shutDown = async (ready: Ready, { id }: Subject): Promise<void> => {
  const call = (action: string, input: string): Promise<string> =>
    ask(ready, "rds", "/", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `Action=${action}&Version=2014-10-31&${input}`,
    });
  const list = await call("DescribeDBClusters", "");
  const suffix = id.toLowerCase().replaceAll("_", "-");
  const [, name] = new RegExp(`<DBClusterIdentifier>([^<]*${suffix})</DBClusterIdentifier>`).exec(list) ?? [];
  if (name === undefined) return;
  await call("DeleteDBInstance", `DBInstanceIdentifier=${name}&SkipFinalSnapshot=true`);
  await call("DeleteDBCluster", `DBClusterIdentifier=${name}&SkipFinalSnapshot=true`);
};

type Slots = <T>(run: () => Promise<T>) => Promise<T>;

/** So many at once; the others wait their turn. */
const slots = (width: number): Slots => {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
};

/** Runs something on each, so many at once. */
export const pooled = async <T, R>(
  list: readonly T[],
  run: (item: T) => Promise<R>,
  tell: () => void = () => undefined,
  width = concurrency,
): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < list.length) {
      const at = next++;
      results[at] = await run(list[at]!);
      tell();
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, list.length) }, worker));
  return results;
};
