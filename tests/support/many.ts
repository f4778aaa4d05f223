import { send } from "./api.ts";
import type { Ready } from "./app.ts";
import { askAll, askJson } from "./aws.ts";
import { pooled } from "./pool.ts";
import { watchOperations } from "./watch-operations.ts";

export type Onboarded = {
  readonly tier: string;
  readonly tenant: { readonly id: string; readonly slug: string; readonly owner: string };
  readonly operation: string;
  readonly status: string;
  /** From the POST to the end of the operation. */
  readonly milliseconds: number;
  /** From the start of each step to its end, as the operation says. */
  readonly steps: Readonly<Record<string, number>>;
};

type Step = { name: string; started_at: string | null; ended_at: string | null };

const onboardOne = async (
  { ready, token, ended }: { ready: Ready; token: string; ended: (operation: string) => Promise<string> },
  name: string,
  tier: string,
): Promise<Onboarded> => {
  const since = Date.now();
  const owner = `owner@${name}.example`;
  const accepted = await send(ready, "POST", "/admin/tenants", {
    token,
    body: { name, tier, owner: { email: owner } },
  });
  if (accepted.status !== 202) throw new Error(`${accepted.status} ${accepted.text}`);
  await ended(accepted.body.operation.id);
  const { body } = await send(ready, "GET", accepted.headers.get("location") ?? "", { token });
  return {
    tier,
    tenant: { id: accepted.body.tenant.id, slug: accepted.body.tenant.slug, owner },
    operation: body.id,
    status: body.status,
    milliseconds: Date.parse(body.ended_at) - since,
    steps: Object.fromEntries(
      (body.steps as Step[]).flatMap(({ name: step, started_at, ended_at }) =>
        started_at === null || ended_at === null ? [] : [[step, Date.parse(ended_at) - Date.parse(started_at)]],
      ),
    ),
  };
};

/** Onboards so many tenants, a number of them at once, tier by turns. */
export const onboardMany = async (
  ready: Ready,
  token: string,
  options: {
    readonly count: number;
    readonly atOnce: number;
    readonly tiers: readonly string[];
    readonly prefix: string;
  },
): Promise<Onboarded[]> => {
  const cloud = { ready, token, ended: await watchOperations(ready) };
  return pooled(
    Array.from({ length: options.count }, (_, at) => at),
    options.atOnce,
    (at) =>
      onboardOne(
        cloud,
        `${options.prefix}-${String(at).padStart(4, "0")}`,
        options.tiers[at % options.tiers.length] ?? "standard",
      ),
  );
};

/** State transitions that AWS bills for an execution: each entry of a state, retries too. */
export const transitionsOf = async (ready: Ready, operation: string): Promise<number> => {
  const { stateMachines } = await askJson(ready, "states", "AWSStepFunctions.ListStateMachines", {});
  for (const { stateMachineArn } of stateMachines as { stateMachineArn: string }[]) {
    const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${operation}`;
    const history = await askAll<{ type: string }>(async (nextToken) => {
      const page = await askJson(ready, "states", "AWSStepFunctions.GetExecutionHistory", {
        executionArn,
        maxResults: 1000,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      return { items: page.events, next: page.nextToken };
    }).catch(() => []);
    // A retry schedules the task again within one visit of its state, and is billed as a transition too.
    const entered = history.filter(({ type }) => type.endsWith("StateEntered")).length;
    const scheduled = history.filter(({ type }) => type === "TaskScheduled").length;
    const tasks = history.filter(({ type }) => type === "TaskStateEntered").length;
    // The first state and each that follows, and the way to the end.
    if (entered > 0) return entered + Math.max(0, scheduled - tasks) + 1;
  }
  throw new Error(`There is no execution for ${operation}.`);
};
