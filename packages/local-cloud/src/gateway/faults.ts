import { setTimeout as sleep } from "node:timers/promises";
import { refuse } from "./errors.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "./service.ts";
import type { Work } from "./workers.ts";

/**
 * What a fault does to a request, or to the worker that sends it. Those named `-after` come once the request has run.
 *
 * `throttle` refuses it as AWS throttles; `error` answers 500 without running it; `lost-reply` runs it and answers 500;
 * `refuse` answers 400, which no client tries again; `delay` holds it back; `duplicate` runs it twice and answers the
 * second result; `kill` ends the worker; `timeout` withholds the reply until the invocation's time is up, which is at
 * once; `again` first runs the sender's whole invocation a second time, and that second run meets no rules; `hold` keeps
 * it back until there is a rule for its invocation in particular, or for `delayMs` at most. What was held or delayed may
 * then meet another fault.
 * `ignore` answers 200 and nothing, without running it: as if the caller had left the call out.
 */
const kinds = [
  "throttle",
  "error",
  "delay",
  "lost-reply",
  "duplicate",
  "refuse",
  "refuse-after",
  "kill",
  "kill-after",
  "timeout",
  "timeout-after",
  "again",
  "hold",
  "ignore",
] as const;
export type FaultKind = (typeof kinds)[number];

export type FaultRule = {
  readonly service: string;
  /** One action or several; absent: every action. */
  readonly action?: string | readonly string[];
  /** Text that must stand in the body or the URL; absent: any request. */
  readonly match?: string;
  /**
   * Texts that must all stand in the payload of the invocation that sends the request; absent: whoever sends it. The
   * first one tells whose invocation it is, such as a tenant's id.
   */
  readonly invocation?: readonly string[];
  /** How many such requests of one invocation pass before the first one hit; absent: none. */
  readonly skip?: number;
  /** How many invocations that send such requests pass before; absent: none. */
  readonly turn?: number;
  /** How many requests it hits; absent: until it is cleared. */
  readonly times?: number;
  readonly kind: FaultKind;
  /** The worker lives through `kill` and `timeout`, which end only what it runs: it need not be loaded anew. */
  readonly spared?: boolean;
  /** Only for `delay` and `hold`. */
  readonly delayMs?: number;
};

export type Faults = {
  readonly active: boolean;
  add(rule: FaultRule): void;
  /** Those whose `invocation` names the text, or all. */
  list(invocation?: string): (FaultRule & { readonly hits: number })[];
  /** Removes those whose `invocation` names the text, or all. */
  clear(invocation?: string): void;
  /** Runs a request under the first rule that hits it. */
  run(
    request: AwsRequest,
    action: string | null,
    handle: () => Promise<AwsResponse>,
    work?: Work,
  ): Promise<AwsResponse>;
};

/** How long a request waits for the second run of its invocation, which may itself wait for a lock of the first. */
const patience = 1500;

const isTexts = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((text) => typeof text === "string"));

/** @throws AwsError ValidationException when it is not a fault rule. */
export const parseFaultRule = (value: unknown): FaultRule => {
  const rule = (typeof value === "object" && value !== null ? value : {}) as Partial<FaultRule>;
  const { service, action, kind, times, delayMs, skip, turn, invocation, spared } = rule;
  const atLeast = (least: number, number: unknown): boolean =>
    number === undefined || (Number.isInteger(number) && Number(number) >= least);
  const lawful =
    atLeast(1, times) &&
    atLeast(1, delayMs) &&
    atLeast(0, skip) &&
    atLeast(0, turn) &&
    isTexts(invocation) &&
    (spared === undefined || typeof spared === "boolean") &&
    (typeof action === "string" || isTexts(action));
  if (typeof service !== "string" || !kinds.some((known) => known === kind) || !lawful) {
    throw new AwsError(
      "ValidationException",
      `A fault has a service, a kind (${kinds.join(", ")}) and maybe action, match, invocation, skip, turn, times, spared, delayMs.`,
    );
  }
  return rule as FaultRule;
};

const concerns = (rule: FaultRule, request: AwsRequest, action: string | null, work: Work | undefined): boolean => {
  if (rule.service !== request.service || work?.second === true) return false;
  if (rule.action !== undefined && !(action !== null && [rule.action].flat().includes(action))) return false;
  if (rule.invocation?.some((text) => !work?.payload.includes(text))) return false;
  return rule.match === undefined || request.url.href.includes(rule.match) || request.body.includes(rule.match);
};

const lost = (): AwsError => new AwsError("InternalFailure", "Injected fault: nobody waits for this reply.", 500);
const refusal = (): AwsError => new AwsError("ValidationException", "Injected fault: the request is refused.", 400);

/**
 * How many requests were seen of each invocation, by its id, in the order of their first; those that nobody's worker sent
 * are one more.
 */
type Entry = { readonly rule: FaultRule; readonly seen: Map<string, number>; hits: number };

export const createFaults = (): Faults => {
  const rules: Entry[] = [];
  const take = (request: AwsRequest, action: string | null, work: Work | undefined, passed: ReadonlySet<FaultRule>) => {
    const concerned = rules.filter(({ rule }) => !passed.has(rule) && concerns(rule, request, action, work));
    const eligible = ({ rule, seen, hits }: Entry): boolean => {
      const id = work?.id ?? "";
      const count = (seen.get(id) ?? 0) + 1;
      seen.set(id, count);
      const { skip = 0, turn = 0, times = Number.POSITIVE_INFINITY } = rule;
      return count > skip && hits < times && (turn === 0 || [...seen.keys()].indexOf(id) >= turn);
    };
    const waits = (entry: Entry): boolean => entry.rule.kind === "delay" || entry.rule.kind === "hold";
    // What waits comes back to meet the others, which count it then; all of these do, though one of them hits.
    const hit =
      concerned.filter(waits).find(eligible) ?? concerned.filter((entry) => !waits(entry)).filter(eligible)[0];
    if (hit) hit.hits += 1;
    return hit?.rule;
  };
  const holds = async (held: FaultRule, work: Work | undefined): Promise<void> => {
    const until = Date.now() + (held.delayMs ?? 1000);
    const named = ({ rule }: { rule: FaultRule }): boolean =>
      rule !== held && rule.invocation?.[0] !== undefined && (work?.payload.includes(rule.invocation[0]) ?? false);
    while (Date.now() < until && !rules.some(named)) await sleep(10);
  };
  const run = async (
    request: AwsRequest,
    action: string | null,
    handle: () => Promise<AwsResponse>,
    work?: Work,
    passed: ReadonlySet<FaultRule> = new Set(),
  ): Promise<AwsResponse> => {
    const rule = rules.length === 0 ? undefined : take(request, action, work, passed);
    switch (rule?.kind) {
      case "throttle":
        throw refuse(request, "throttled", "Rate exceeded (injected fault).");
      case "error":
        throw new AwsError("InternalFailure", "Injected fault: the request was not run.", 500);
      case "refuse":
        throw refusal();
      case "ignore":
        return { status: 200 };
      case "delay":
        await sleep(rule.delayMs ?? 1000);
        return run(request, action, handle, work, new Set([...passed, rule]));
      case "hold":
        await holds(rule, work);
        return run(request, action, handle, work, new Set([...passed, rule]));
      case "lost-reply":
        await handle();
        throw new AwsError("InternalFailure", "Injected fault: the request was run, its reply is lost.", 500);
      case "refuse-after":
        await handle();
        throw refusal();
      case "duplicate":
        await handle();
        return handle();
      case "kill":
        await work?.kill(rule.spared);
        throw lost();
      case "kill-after":
        await handle();
        await work?.kill(rule.spared);
        throw lost();
      case "timeout":
        await work?.timeOut(rule.spared);
        throw lost();
      case "timeout-after":
        await handle();
        await work?.timeOut(rule.spared);
        throw lost();
      case "again":
        await Promise.race([work?.again(), sleep(patience)]);
        return handle();
      default:
        return handle();
    }
  };
  return {
    run,
    get active() {
      return rules.length > 0;
    },
    add: (rule) => void rules.push({ rule, seen: new Map(), hits: 0 }),
    list: (invocation) =>
      rules.flatMap(({ rule, hits }) =>
        invocation === undefined || rule.invocation?.includes(invocation) === true ? [{ ...rule, hits }] : [],
      ),
    clear(invocation) {
      const kept = rules.filter(
        ({ rule }) => invocation !== undefined && !(rule.invocation?.includes(invocation) ?? false),
      );
      rules.splice(0, rules.length, ...kept);
    },
  };
};
