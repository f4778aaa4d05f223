import { setTimeout as sleep } from "node:timers/promises";
import { refuse } from "./errors.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "./service.ts";

/**
 * What a fault does to a request:
 * `throttle` refuses it as AWS throttles, `error` answers 500 without running it, `delay` holds it back,
 * `lost-reply` runs it and answers 500, `duplicate` runs it twice and answers the second result.
 */
export type FaultKind = "throttle" | "error" | "delay" | "lost-reply" | "duplicate";

export type FaultRule = {
  readonly service: string;
  /** Absent: every action. */
  readonly action?: string;
  /** Text that must stand in the body or the URL; absent: any request. */
  readonly match?: string;
  /** How many requests it hits; absent: until it is cleared. */
  readonly times?: number;
  readonly kind: FaultKind;
  /** Only for `delay`. */
  readonly delayMs?: number;
};

export type Faults = {
  add(rule: FaultRule): void;
  list(): (FaultRule & { readonly hits: number })[];
  clear(): void;
  /** Runs a request under the first rule that hits it. */
  run(request: AwsRequest, action: string | null, handle: () => Promise<AwsResponse>): Promise<AwsResponse>;
};

const kinds: readonly FaultKind[] = ["throttle", "error", "delay", "lost-reply", "duplicate"];

/** @throws AwsError ValidationException when it is not a fault rule. */
export const parseFaultRule = (value: unknown): FaultRule => {
  const rule = (typeof value === "object" && value !== null ? value : {}) as Partial<FaultRule>;
  const { service, kind, times, delayMs } = rule;
  const positive = (number: unknown): boolean =>
    number === undefined || (Number.isInteger(number) && Number(number) > 0);
  if (typeof service !== "string" || !kinds.some((known) => known === kind) || !positive(times) || !positive(delayMs)) {
    throw new AwsError(
      "ValidationException",
      `A fault has a service, a kind (${kinds.join(", ")}) and maybe action, match, times, delayMs.`,
    );
  }
  return rule as FaultRule;
};

export const createFaults = (): Faults => {
  const rules: { rule: FaultRule; hits: number }[] = [];
  const take = (request: AwsRequest, action: string | null): FaultRule | undefined => {
    const found = rules.find(({ rule, hits }) => {
      if (rule.service !== request.service || (rule.action !== undefined && rule.action !== action)) return false;
      if (rule.times !== undefined && hits >= rule.times) return false;
      return rule.match === undefined || request.url.href.includes(rule.match) || request.body.includes(rule.match);
    });
    if (found) found.hits += 1;
    return found?.rule;
  };
  return {
    add: (rule) => void rules.push({ rule, hits: 0 }),
    list: () => rules.map(({ rule, hits }) => ({ ...rule, hits })),
    clear: () => void rules.splice(0),
    async run(request, action, handle) {
      const rule = rules.length === 0 ? undefined : take(request, action);
      switch (rule?.kind) {
        case "throttle":
          throw refuse(request, "throttled", "Rate exceeded (injected fault).");
        case "error":
          throw new AwsError("InternalFailure", "Injected fault: the request was not run.", 500);
        case "delay":
          await sleep(rule.delayMs ?? 1000);
          return handle();
        case "lost-reply":
          await handle();
          throw new AwsError("InternalFailure", "Injected fault: the request was run, its reply is lost.", 500);
        case "duplicate":
          await handle();
          return handle();
        default:
          return handle();
      }
    },
  };
};
