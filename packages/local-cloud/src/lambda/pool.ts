import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { AwsError } from "../gateway/service.ts";
import type { Environment, InvokeOptions, Outcome } from "./environment.ts";
import type { Gate } from "./gate.ts";

type Waiting = {
  readonly payload: string;
  readonly options: InvokeOptions;
  readonly since: number;
  resolve(outcome: Outcome | Promise<Outcome>): void;
  reject(error: unknown): void;
};

/** Counts and milliseconds. */
export type PoolLimits = {
  /** Environments at once. */
  readonly concurrency: number;
  /** Invocations that may wait for one. */
  readonly queue: number;
  /** How long an invocation waits for a busy environment before another is started beside it. */
  readonly patience: number;
  /** Environments beyond which another is started only when none of them became free for as long as that. */
  readonly plenty: number;
  /** After which an idle environment is ended; the last one stays ten times as long. */
  readonly idle: number;
  /** After which an environment is replaced, before its credentials expire. */
  readonly age: number;
};

export const poolLimits: PoolLimits = {
  concurrency: 10,
  queue: 1000,
  patience: 100,
  plenty: availableParallelism(),
  idle: 60_000,
  age: 30 * 60_000,
};

/** The execution environments of one revision of a function: as many as there are invocations at once. */
export type Pool = {
  /** @throws AwsError `TooManyRequestsException` when too many wait already. */
  invoke(payload: string, options?: InvokeOptions): Promise<Outcome>;
  /** The environments that run something now. */
  busy(): readonly Environment[];
  /** Ends what has idled or lived too long. */
  reap(): void;
  /** Lets what runs or waits end, then ends all environments. */
  drain(): Promise<void>;
  /** Ends all environments now. */
  close(): Promise<void>;
};

/**
 * Lambda starts an environment for each invocation that finds none free. On a few processors that is slower than waiting
 * for one that is about to be free, so here another is started only after some patience, and a few load at once. Once
 * there are as many as processors, more help those only that wait for something else than a processor.
 */
export const createPool = (start: () => Environment, gate: Gate, limits: PoolLimits = poolLimits): Pool => {
  let environments: Environment[] = [];
  const queue: Waiting[] = [];
  let running = 0;
  let freedAt = 0;
  let starting = false;
  let patience: NodeJS.Timeout | undefined;
  let closed = false;
  let draining = false;
  const idle = Promise.withResolvers<void>();

  const worn = (environment: Environment): boolean => Date.now() - environment.bornAt > limits.age;
  const drop = (environment: Environment): void => {
    environments = environments.filter((other) => other !== environment);
    void environment.close();
  };

  const run = async (environment: Environment, waiting: Waiting): Promise<Outcome> => {
    running += 1;
    try {
      return await environment.invoke(waiting.payload, waiting.options);
    } finally {
      running -= 1;
      freedAt = Date.now();
      if (!environment.alive || worn(environment)) drop(environment);
      serve();
    }
  };

  /** Loads one more environment. If that fails, the invocation that has waited longest hears why. */
  const grow = async (): Promise<void> => {
    starting = true;
    const leave = await gate.enter(environments.length);
    try {
      if (closed || queue.length === 0) return;
      const environment = start();
      const error = await environment.ready;
      if (closed) void environment.close();
      else if (error) queue.shift()?.resolve({ requestId: randomUUID(), error, tail: "" });
      else environments.push(environment);
    } catch (error) {
      queue.shift()?.reject(error);
    } finally {
      starting = false;
      leave();
      serve();
    }
  };

  const serve = (): void => {
    for (const environment of environments.filter((one) => !one.busy && !one.alive)) drop(environment);
    while (queue.length > 0) {
      // The same ones first, so that the others idle away.
      const free = environments.find((environment) => !environment.busy);
      const next = free ? queue.shift() : undefined;
      if (!free || !next) break;
      next.resolve(run(free, next));
    }
    const first = queue[0];
    if (first && !starting && environments.length < limits.concurrency) {
      const since = environments.length < limits.plenty ? first.since : Math.max(first.since, freedAt);
      const left = environments.length === 0 ? 0 : since + limits.patience - Date.now();
      if (left <= 0) void grow();
      else {
        clearTimeout(patience);
        patience = setTimeout(serve, left).unref();
      }
    }
    if (draining && running === 0 && queue.length === 0) idle.resolve();
  };

  const shuttingDown = (): AwsError => new AwsError("ServiceException", "The function is shutting down.", 500);

  const close = async (): Promise<void> => {
    closed = true;
    for (const waiting of queue.splice(0)) waiting.reject(shuttingDown());
    await Promise.all(environments.splice(0).map((environment) => environment.close()));
  };

  return {
    invoke(payload, options = {}) {
      // Whoever comes late would wait for an environment that is never started.
      if (closed) return Promise.reject(shuttingDown());
      if (queue.length >= limits.queue && environments.every(({ busy }) => busy)) {
        const fields = { Reason: "ConcurrentInvocationLimitExceeded" };
        return Promise.reject(new AwsError("TooManyRequestsException", "Rate Exceeded.", 429, fields));
      }
      return new Promise<Outcome>((resolve, reject) => {
        queue.push({ payload, options, since: Date.now(), resolve, reject });
        serve();
      });
    },
    busy: () => environments.filter(({ busy }) => busy),
    reap() {
      const now = Date.now();
      for (const environment of environments.filter(({ busy }) => !busy)) {
        const limit = environments.length === 1 ? limits.idle * 10 : limits.idle;
        if (worn(environment) || now - environment.idleSince > limit) drop(environment);
      }
    },
    async drain() {
      draining = true;
      serve();
      await idle.promise;
      await close();
    },
    close,
  };
};
