import { AwsError } from "../gateway/service.ts";
import type { Environment, Outcome } from "./environment.ts";

type Waiting = {
  readonly payload: string;
  readonly tail: boolean;
  resolve(outcome: Promise<Outcome>): void;
  reject(error: unknown): void;
};

export type PoolLimits = {
  /** Environments at once. */
  readonly concurrency: number;
  /** Invocations that may wait for one. */
  readonly queue: number;
  /** Milliseconds after which an idle environment is ended. */
  readonly idle: number;
  /** Milliseconds after which an environment is replaced, before its credentials expire. */
  readonly age: number;
};

export const poolLimits: PoolLimits = { concurrency: 10, queue: 1000, idle: 5 * 60_000, age: 30 * 60_000 };

/** The execution environments of one revision of a function: as many as there are invocations at once. */
export type Pool = {
  /** @throws AwsError `TooManyRequestsException` when too many wait already. */
  invoke(payload: string, options?: { readonly tail?: boolean }): Promise<Outcome>;
  /** Ends what has idled or lived too long. */
  reap(): void;
  /** Takes nothing new, lets what runs or waits end, then ends all environments. */
  drain(): Promise<void>;
  /** Ends all environments now. */
  close(): Promise<void>;
  readonly size: number;
};

export const createPool = (start: () => Environment, limits: PoolLimits = poolLimits): Pool => {
  let environments: Environment[] = [];
  const queue: Waiting[] = [];
  let running = 0;
  const idle = Promise.withResolvers<void>();
  let draining = false;

  const worn = (environment: Environment): boolean => Date.now() - environment.bornAt > limits.age;
  const drop = (environment: Environment): void => {
    environments = environments.filter((other) => other !== environment);
    void environment.close();
  };

  const take = (): Environment | undefined => {
    for (const environment of environments.filter((one) => !one.busy && (!one.alive || worn(one)))) drop(environment);
    // The last one used is the warmest, and leaves the others to idle away.
    const free = environments.findLast((environment) => !environment.busy);
    if (free || environments.length >= limits.concurrency) return free;
    const fresh = start();
    environments.push(fresh);
    return fresh;
  };

  const run = async (environment: Environment, payload: string, tail: boolean): Promise<Outcome> => {
    running += 1;
    try {
      return await environment.invoke(payload, { tail });
    } finally {
      running -= 1;
      if (!environment.alive) drop(environment);
      serve();
    }
  };

  const serve = (): void => {
    while (queue.length > 0) {
      const environment = take();
      if (!environment) return;
      const next = queue.shift();
      if (next) next.resolve(run(environment, next.payload, next.tail));
    }
    if (draining && running === 0) idle.resolve();
  };

  return {
    get size() {
      return environments.length;
    },
    async invoke(payload, { tail = false } = {}) {
      const environment = queue.length === 0 ? take() : undefined;
      if (environment) return run(environment, payload, tail);
      if (queue.length >= limits.queue) {
        throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429, {
          Reason: "ConcurrentInvocationLimitExceeded",
        });
      }
      return new Promise<Outcome>((resolve, reject) => queue.push({ payload, tail, resolve, reject }));
    },
    reap() {
      const now = Date.now();
      for (const environment of environments) {
        if (!environment.busy && (worn(environment) || now - environment.idleSince > limits.idle)) drop(environment);
      }
    },
    async drain() {
      draining = true;
      serve();
      await idle.promise;
      await this.close();
    },
    async close() {
      for (const waiting of queue.splice(0)) {
        waiting.reject(new AwsError("ServiceException", "The function is shutting down.", 500));
      }
      await Promise.all(environments.splice(0).map((environment) => environment.close()));
    },
  };
};
