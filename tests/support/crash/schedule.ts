/** One external call of one task: the nth of this action in the run of the task that makes it as the `turn`th. */
export type Point = {
  readonly step: string;
  readonly service: string;
  readonly action: string;
  readonly nth: number;
  /** Above 0 only where a task is run again until something is ready. */
  readonly turn: number;
};

/** `secretsmanager:CreateSecret#0`, or `rds:DescribeDBClusters#0@1` in the second run. */
export const textOfCall = ({ service, action, nth, turn }: Point): string =>
  `${service}:${action}#${nth}${turn === 0 ? "" : `@${turn}`}`;

export const isSql = ({ service }: Point): boolean => service === "postgres";

/** Who makes these calls does not try again: a database's client, a cluster's, and the cluster that asks whose token it is. */
const triedOnce = new Set(["postgres", "kubernetes", "sts"]);

/**
 * How often a call is tried by the client that makes it, before its task fails and the state machine has to try again:
 * clients of AWS try three times.
 */
const triesOf = ({ service }: Point): number => (triedOnce.has(service) ? 1 : 3);

/** What befalls the call or the worker that makes it, as the gateway knows it, and how often. */
const faults = {
  throttle: { kind: "throttle", times: triesOf },
  error: { kind: "error", times: triesOf },
  "lost-reply": { kind: "lost-reply", times: triesOf },
  refused: { kind: "refuse", times: 1 },
  "refused-after": { kind: "refuse-after", times: 1 },
  killed: { kind: "kill", times: 1 },
  "killed-after": { kind: "kill-after", times: 1 },
  // The state machine tries once more after a death: the second one is for good.
  "killed-twice": { kind: "kill-after", times: 2 },
  "timed-out": { kind: "timeout", times: 1 },
  "timed-out-after": { kind: "timeout-after", times: 1 },
  "call-twice": { kind: "duplicate", times: 1 },
  "task-twice": { kind: "again", times: 1 },
} as const;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

export type Injected = { readonly point: Point; readonly fault: FaultName };
/** A call of the compensation. */
export const isBack = ({ step }: Point): boolean => /^(?:Release|BeginCompensation|FailOnboarding)/.test(step);

/** Steps that are tried again whatever went wrong. */
const persistent = /^(?:BeginCompensation|Release|FailOnboarding|FinishOnboarding)/;

/** Whether the fault ends the task that meets it: it is then not tried again. */
export const endsTask = ({ point, fault }: Injected): boolean =>
  !persistent.test(point.step) &&
  (/^(?:refused|killed-twice)/.test(fault) || (point.service === "sts" && /^(?:throttle|error)$/.test(fault)));

/** Steps that the saga does not give up for. */
const forgiven = /^(?:NotifyOwner|FinishOnboarding)/;

/** Whether the fault ends the onboarding. */
export const endsAll = (one: Injected): boolean => endsTask(one) && !forgiven.test(one.point.step);

/** Whether a run of this step may go wrong several times, in whatever way. */
export const isPersistent = (step: string): boolean => persistent.test(step);

/** What befalls one run of an onboarding, its compensation included. */
export type Round = readonly Injected[];
/** What befalls an onboarding, and then each retry in turn. After the last one a retry is left in peace. */
export type Schedule = {
  readonly tier: string;
  readonly rounds: readonly Round[];
  /** Pairs of faults are meant to meet a run together: one that another led around is not tried by itself. */
  readonly together?: boolean;
};

export const nameOfFault = ({ point, fault }: Injected): string => `${point.step}/${textOfCall(point)}/${fault}`;

const nameOfRound = (round: Round): string => round.map(nameOfFault).join(" + ");

/**
 * As `--only` takes it: `standard ProvisionDatabase/secretsmanager:CreateSecret#0/killed-after`, faults of one run joined
 * by ` + `, runs by ` | `.
 */
export const nameOf = ({ tier, rounds }: Schedule): string => `${tier} ${rounds.map(nameOfRound).join(" | ")}`;

const parseFault = (text: string): Injected => {
  const [, step = "", service = "", action = "", nth = "", turn = 0, fault = ""] =
    /^(\w+)\/([\w-]+):(.+)#(\d+)(?:@(\d+))?\/([\w-]+)$/.exec(text) ?? [];
  if (!(fault in faults)) throw new Error(`"${text}" is no fault.`);
  return { point: { step, service, action, nth: Number(nth), turn: Number(turn) }, fault: fault as FaultName };
};

/** @throws Error when the text names no schedule. */
export const parseSchedule = (text: string): Schedule => {
  const [tier = "", ...rest] = text.split(" ");
  const rounds = rest.join(" ").split(" | ");
  return { tier, rounds: rounds.map((round) => round.split(" + ").map(parseFault)) };
};

/**
 * The rules by which the gateway does it to one tenant, in the order of the faults. Workers that are spared live through
 * what ends their invocations.
 */
export const rulesOf = (round: Round, tenantId: string, spared = false) =>
  round.map(({ point, fault }) => {
    const { step, service, action, nth, turn } = point;
    const { kind, times } = faults[fault];
    return {
      service,
      action,
      skip: nth,
      turn,
      invocation: [tenantId, `"step":"${step}"`],
      kind,
      times: typeof times === "number" ? times : times(point),
      spared,
    };
  });

/** A generator of numbers in [0, 1) that a seed determines (mulberry32). */
export const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};
