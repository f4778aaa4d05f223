import { setTimeout as sleep } from "node:timers/promises";
import { send, signIn } from "../api.ts";
import type { Ready } from "../app.ts";
import { ask, askJson } from "../aws.ts";
import { type Known, takeInventory } from "../inventory.ts";
import { nameOf, type Point, rulesOf, type Schedule } from "./schedule.ts";

export type Violation = { readonly schedule: string; readonly what: string };

/** How an operation may be found once nothing is done for it any more. */
const ended = new Set(["succeeded", "failed", "cancelled", "compensation_failed"]);

const faults = (ready: Ready, method: string, body?: object, query = ""): Promise<string> =>
  ask(ready, "faults", `/_faults${query}`, body === undefined ? { method } : { method, body: JSON.stringify(body) });

/** Tenants of one run of the harness have names of one length, so that none is found in another. */
const names = (() => {
  const run = Date.now().toString(36).slice(-6);
  let number = 0;
  return () => `cr${run}-${String((number += 1)).padStart(5, "0")}`;
})();

type Subject = Known & { readonly operation: string };

/** One attempt to onboard a tenant of a name that nobody has. */
const begin = async (ready: Ready, token: string, tier: string): Promise<Subject> => {
  const slug = names();
  const owner = `owner@${slug}.example`;
  const post = () =>
    send(ready, "POST", "/admin/tenants", {
      token,
      body: { name: slug, tier, owner: { email: owner } },
      headers: { "idempotency-key": slug },
    });
  let answer = await post();
  // A machine with more to do than it can is no violation; with its key the request may be sent again.
  for (let tries = 0; tries < 10 && (answer.status >= 500 || answer.headers.has("retry-after")); tries += 1) {
    await sleep(1000);
    answer = await post();
  }
  const { status, body, text } = answer;
  if (status !== 202) throw new Error(`POST /admin/tenants: ${status} ${text}`);
  if (body.tenant.slug !== slug) throw new Error(`The slug of ${slug} is ${body.tenant.slug}.`);
  return { id: body.tenant.id, slug, owner, operation: body.operation.id };
};

/** An operation as the control table has it: asking the API fifty times a second would be the load. */
const tableOf = async (ready: Ready): Promise<string> => {
  const { TableNames } = await askJson(ready, "dynamodb", "DynamoDB_20120810.ListTables", {});
  const control = (TableNames as string[]).find((name) => /control/i.test(name));
  if (control === undefined) throw new Error("There is no control table.");
  return control;
};

const statusIn = async (ready: Ready, table: string, operation: string): Promise<string> => {
  const { Item } = await askJson(ready, "dynamodb", "DynamoDB_20120810.GetItem", {
    TableName: table,
    Key: { pk: { S: `OPERATION#${operation}` }, sk: { S: "OPERATION" } },
    ConsistentRead: true,
  });
  return Item?.status?.S ?? "missing";
};

const patience = 120_000;

const waitFor = async (ready: Ready, table: string, operation: string): Promise<string> => {
  const until = Date.now() + patience;
  for (;;) {
    const status = await statusIn(ready, table, operation);
    if (ended.has(status) || Date.now() > until) return status;
    await sleep(200);
  }
};

export type Harness = {
  /** The inventory of a tenant of the tier onboarded without a fault, and the calls that this took. */
  clean(tier: string): Promise<{ inventory: string[]; points: Point[] }>;
  /** The calls of the compensation of an onboarding that failed at its end. */
  compensated(tier: string): Promise<Point[]>;
  /** Runs schedules and says what was not as it must be. */
  run(schedules: readonly Schedule[], options?: { onDone?: (done: number) => void }): Promise<Outcome>;
};

export type Outcome = {
  readonly schedules: number;
  /** Onboardings that lived through their faults, and that were undone and then retried. */
  readonly survived: number;
  readonly undone: number;
  /** Schedules of which no fault was met: the run went another way. */
  readonly unmet: number;
  readonly violations: readonly Violation[];
};

/** How many tenants are onboarded at once, and how many between two looks at everything there is. */
const concurrency = 24;
const batchSize = 120;

export const createHarness = async (ready: Ready): Promise<Harness> => {
  const token = await signIn(ready);
  const table = await tableOf(ready);
  const cleanOnes = new Map<string, { inventory: string[]; points: Point[] }>();

  const calls = async (tenantId: string): Promise<Point[]> => {
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
      return [{ step, service, action: action ?? "", nth }];
    });
  };
  const recorded = async (
    tier: string,
    rules: (id: string) => object[],
  ): Promise<{ tenant: Subject; points: Point[] }> => {
    await ask(ready, "faults", "/_calls", { method: "POST" });
    try {
      await hold();
      const tenant = await begin(ready, token, tier);
      await faults(ready, "POST", [...rules(tenant.id), inert(tenant.id)]);
      await waitFor(ready, table, tenant.operation);
      await faults(ready, "DELETE", undefined, `?invocation=${tenant.id}`);
      return { tenant, points: await calls(tenant.id) };
    } finally {
      await ask(ready, "faults", "/_calls", { method: "DELETE" });
    }
  };

  /** Rules follow a tenant's id, which is known only once its onboarding has begun: its first step waits for them. */
  const hold = async (): Promise<void> => {
    const { faults: known } = JSON.parse(await faults(ready, "GET")) as { faults: { kind: string }[] };
    if (known.some(({ kind }) => kind === "hold")) return;
    const rule = { service: "dynamodb", kind: "hold", invocation: ['"step":"ValidateTenant"'], delayMs: 20_000 };
    await faults(ready, "POST", rule);
  };
  const inert = (tenantId: string) => ({ service: "none", kind: "delay", invocation: [tenantId] });

  /** How often the tenant's rules were met. */
  const hitsOf = async (tenantId: string): Promise<number> => {
    const { faults: known } = JSON.parse(await faults(ready, "GET")) as {
      faults: { invocation?: string[]; hits: number }[];
    };
    return known.filter(({ invocation }) => invocation?.[0] === tenantId).reduce((sum, { hits }) => sum + hits, 0);
  };

  type Trial = { schedule: Schedule; tenant: Subject; status: string; hits: number };
  const tryOne = async (schedule: Schedule): Promise<Trial> => {
    const tenant = await begin(ready, token, schedule.tier);
    await faults(ready, "POST", rulesOf(schedule, tenant.id));
    const status = await waitFor(ready, table, tenant.operation);
    return { schedule, tenant, status, hits: await hitsOf(tenant.id) };
  };
  const tenantStatus = async ({ id }: Subject): Promise<string> =>
    (await send(ready, "GET", `/admin/tenants/${id}`, { token })).body.status;

  const retry = async (trial: Trial): Promise<string> => {
    await faults(ready, "DELETE", undefined, `?invocation=${trial.tenant.id}`);
    await faults(ready, "POST", inert(trial.tenant.id));
    const answer = await send(ready, "POST", `/admin/operations/${trial.tenant.operation}/retry`, { token, body: {} });
    if (answer.status !== 202) return `the retry was answered ${answer.status} ${answer.body?.code ?? answer.text}`;
    const operation = answer.body.operation?.id ?? answer.body.id ?? trial.tenant.operation;
    return waitFor(ready, table, operation);
  };

  const difference = (found: readonly string[], wanted: readonly string[]): string => {
    const left = [...wanted];
    const more = found.filter((one) => {
      const at = left.indexOf(one);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    return [more.length > 0 ? `too much: ${more.join(", ")}` : "", left.length > 0 ? `missing: ${left.join(", ")}` : ""]
      .filter((text) => text !== "")
      .join("; ");
  };

  const checkActive = async (trial: Trial, found: readonly string[], when: string): Promise<string[]> => {
    const wrong = difference(found, (await harness.clean(trial.schedule.tier)).inventory);
    const status = await tenantStatus(trial.tenant);
    return [
      ...(status === "active" ? [] : [`${when}: the tenant is ${status}`]),
      ...(wrong === "" ? [] : [`${when}: ${wrong}`]),
    ];
  };

  const runBatch = async (batch: readonly Schedule[], tell: () => void): Promise<Outcome> => {
    const violations: Violation[] = [];
    const blame = (trial: Trial, what: readonly string[]): void => {
      for (const each of what)
        violations.push({ schedule: nameOf(trial.schedule), what: `${each} (${trial.tenant.id})` });
    };
    const trials = await pooled(batch, tryOne, tell);
    await sleep(1500); // second runs of a task may outlive the operation
    const first = await takeInventory(ready);
    const undone: Trial[] = [];
    for (const trial of trials) {
      const found = first.of(trial.tenant);
      if (trial.status === "succeeded") blame(trial, await checkActive(trial, found, "succeeded"));
      else if (trial.status === "failed") {
        undone.push(trial);
        const status = await tenantStatus(trial.tenant);
        if (status !== "failed") blame(trial, [`failed: the tenant is ${status}`]);
        if (found.length > 0) blame(trial, [`failed, and there is still: ${found.join(", ")}`]);
      } else blame(trial, [`the operation is ${trial.status}`]);
    }
    const retried = await pooled(undone, async (trial) => ({ trial, status: await retry(trial) }));
    const second = undone.length > 0 ? await takeInventory(ready) : first;
    for (const { trial, status } of retried) {
      if (status === "succeeded") blame(trial, await checkActive(trial, second.of(trial.tenant), "retried"));
      else blame(trial, [`after the retry: ${status}`]);
    }
    for (const { tenant } of trials) await faults(ready, "DELETE", undefined, `?invocation=${tenant.id}`);
    return {
      schedules: trials.length,
      survived: trials.filter(({ status }) => status === "succeeded").length,
      undone: undone.length,
      unmet: trials.filter(({ hits }) => hits === 0).length,
      violations,
    };
  };

  const harness: Harness = {
    async clean(tier) {
      const known = cleanOnes.get(tier);
      if (known) return known;
      const { tenant, points } = await recorded(tier, () => []);
      const inventory = (await takeInventory(ready)).of(tenant);
      const status = await tenantStatus(tenant);
      if (status !== "active") throw new Error(`A clean onboarding of ${tier} ended ${status}.`);
      cleanOnes.set(tier, { inventory, points });
      return { inventory, points };
    },
    async compensated(tier) {
      const { points } = await recorded(tier, (id) => [
        { service: "dynamodb", kind: "refuse", times: 1, invocation: [id, '"step":"ActivateTenant"'] },
      ]);
      return points.filter(({ step }) => step.startsWith("Release") || step === "FailOnboarding");
    },
    async run(schedules, { onDone } = {}) {
      for (const tier of new Set(schedules.map((schedule) => schedule.tier))) await harness.clean(tier);
      await hold();
      let done = 0;
      const tell = (): void => onDone?.((done += 1));
      const outcomes: Outcome[] = [];
      for (let at = 0; at < schedules.length; at += batchSize)
        outcomes.push(await runBatch(schedules.slice(at, at + batchSize), tell));
      await faults(ready, "DELETE");
      const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, each) => total + of(each), 0);
      return {
        schedules: sum(({ schedules: count }) => count),
        survived: sum(({ survived }) => survived),
        undone: sum(({ undone }) => undone),
        unmet: sum(({ unmet }) => unmet),
        violations: outcomes.flatMap(({ violations }) => violations),
      };
    },
  };
  return harness;
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
