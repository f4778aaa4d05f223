import { randomBytes, randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import type { Invocation } from "../part.ts";
import type { LambdaFunction } from "./function.ts";

/** What a worker is started with. */
export type Boot = {
  readonly name: string;
  readonly arn: string;
  readonly handler: string;
  /** Where the function's zip was unpacked. */
  readonly folder: string;
  readonly memory: number;
  readonly logFile: string;
  readonly logGroup: string;
  readonly logStream: string;
  /** Folder of compiled code, shared by all functions. */
  readonly compileCache?: string;
  /** A file of authorities to trust beside the usual ones. */
  readonly extraCa?: string;
  /** Whether the worker stops at its SQL statements, one number for all workers, and what it is told then. */
  readonly statements?: { readonly watched: SharedArrayBuffer; readonly verdict: SharedArrayBuffer };
};

/**
 * Told of each SQL statement of a worker while statements are watched. `run` lets it go to the database and resolves
 * once that has answered; the worker hears the answer when this has resolved, or loses its connection when it rejects.
 */
export type OnStatement = (accessKeyId: string, statement: string, run: () => Promise<void>) => Promise<void>;

export type Statements = { readonly watched: SharedArrayBuffer; readonly on: OnStatement };

/** The verdicts that a worker waits for. */
const verdicts = { go: 1, breakOff: 2, cut: 3 } as const;

/** One invocation on its way into a worker. */
export type Job = {
  readonly id: string;
  /** JSON: what the handler gets is always a copy. */
  readonly payload: string;
  readonly deadline: number;
  /** Keep the last 4 KB of the log for the caller. */
  readonly tail: boolean;
};

export type InvokeOptions = {
  readonly tail?: boolean;
  /** It is run beside the same invocation, as a service that sends twice would have it. */
  readonly second?: boolean;
};

export type LambdaError = NonNullable<Invocation["error"]>;

/** `payload` is JSON; absent when there is an `error`. */
export type Outcome = {
  readonly requestId: string;
  readonly payload?: string;
  readonly error?: LambdaError;
  readonly tail: string;
};

type Message =
  | { readonly type: "ready" }
  | { readonly type: "cut" }
  | { readonly type: "answered"; readonly number: number }
  | { readonly type: "statement"; readonly number: number; readonly statement: string }
  | { readonly type: "broken" | "crashed"; readonly error: LambdaError }
  | (Outcome & { readonly type: "done"; readonly id: string });

/** One worker of a function: runs one invocation at a time. Its state is Lambda's: kept between invocations, gone when it dies. */
export type Environment = {
  readonly bornAt: number;
  /** When the last invocation ended, in milliseconds since the epoch. */
  readonly idleSince: number;
  readonly busy: boolean;
  /** False once the thread ended or is about to: another has to take its place. */
  readonly alive: boolean;
  /** Resolves once its module is loaded, or with the error that this ended with. */
  readonly ready: Promise<LambdaError | null>;
  /** Only when it is ready and not busy. */
  invoke(payload: string, options?: InvokeOptions): Promise<Outcome>;
  /** The access key of the session that the worker was given. */
  readonly accessKeyId: string | undefined;
  /** What it runs now: the request id, and JSON; null when it is free. */
  readonly running: { readonly id: string; readonly payload: string; readonly second: boolean } | null;
  /** Ends what it runs now as its time limit would; the thread dies of it, unless it is spared. */
  timeOut(spared?: boolean): Promise<void>;
  /** Ends the thread at once; what it runs has failed. When it is spared, only that has. */
  kill(spared?: boolean): Promise<void>;
  close(): Promise<void>;
};

/** Lambda gives a function ten seconds to load; a laptop under load gets more. */
const INIT_TIMEOUT = 30_000;

/** How long a thread may take to let go of what it runs, in milliseconds. */
const CUT_TIMEOUT = 2000;

const runtime = new URL("./runtime.mjs", import.meta.url);

export const startEnvironment = (
  definition: LambdaFunction,
  boot: Omit<Boot, "logStream">,
  variables: Readonly<Record<string, string>>,
  statements?: Statements,
): Environment => {
  const verdict = new Int32Array(new SharedArrayBuffer(4));
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  const logStream = `${day}/[$LATEST]${randomBytes(16).toString("hex")}`;
  const worker = new Worker(runtime, {
    name: definition.name,
    workerData: {
      ...boot,
      logStream,
      ...(statements ? { statements: { watched: statements.watched, verdict: verdict.buffer } } : {}),
    } satisfies Boot,
    env: { ...variables, AWS_LAMBDA_LOG_STREAM_NAME: logStream },
    argv: [],
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: definition.memory,
      // V8's usual 48 MB of young objects for each of twenty workers is more than a laptop should give.
      maxYoungGenerationSizeMb: Math.min(48, Math.max(8, definition.memory / 32)),
    },
  });
  let alive = true;
  /** The time is up: how the thread then ends is not the outcome. */
  let timingOut = false;
  let idleSince = Date.now();
  let current: (NonNullable<Environment["running"]> & { finish(outcome: Outcome): void }) | null = null;
  const ready = Promise.withResolvers<LambdaError | null>();

  const settle = (outcome: Omit<Outcome, "requestId">): void => {
    const job = current;
    current = null;
    idleSince = Date.now();
    job?.finish({ requestId: job.id, ...outcome });
  };
  const die = (error: LambdaError): void => {
    alive = false;
    ready.resolve(error);
    if (!timingOut) settle({ error, tail: "" });
  };
  const timeoutWords = `Task timed out after ${definition.timeout.toFixed(2)} seconds`;
  const timeoutError = (id: string): LambdaError => ({
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${id} Error: ${timeoutWords}`,
  });
  const exitError = (how: string): LambdaError => ({
    errorType: "Runtime.ExitError",
    errorMessage: `RequestId: ${current?.id ?? "undefined"} Error: Runtime exited ${how}`,
  });

  const decide = (word: keyof typeof verdicts): void => {
    Atomics.store(verdict, 0, verdicts[word]);
    Atomics.notify(verdict, 0);
  };
  /** The statements on their way to the database and back. */
  const underway = new Map<number, PromiseWithResolvers<void>>();
  let last = 0;
  /** The last statement of what was cut off: no word is due about any up to it. */
  let moot = 0;
  const onStatement = (number: number, statement: string): void => {
    last = number;
    const run = (): Promise<void> => {
      const answered = Promise.withResolvers<void>();
      underway.set(number, answered);
      decide("go");
      return answered.promise;
    };
    const told = statements?.on(variables["AWS_ACCESS_KEY_ID"] ?? "", statement, run) ?? run();
    told.then(
      () => number > moot && decide("go"),
      () => number > moot && decide("breakOff"),
    );
  };
  const arrived = (number: number): void => {
    underway.get(number)?.resolve();
    underway.delete(number);
  };

  worker.on("message", (message: Message) => {
    if (message.type === "ready") ready.resolve(null);
    else if (message.type === "cut") onCut();
    else if (message.type === "statement") onStatement(message.number, message.statement);
    else if (message.type === "answered") arrived(message.number);
    else if (message.type === "done") {
      if (message.id === current?.id) {
        const { payload, error, tail } = message;
        settle({ tail, ...(payload === undefined ? {} : { payload }), ...(error ? { error } : {}) });
      }
    } else {
      die(message.error);
      void worker.terminate();
    }
  });
  worker.on("error", (error: NodeJS.ErrnoException) => {
    const memory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    die(
      memory
        ? exitError("with error: signal: killed")
        : { errorType: error.name, errorMessage: error.message, trace: [] },
    );
  });
  worker.on("exit", () => [...underway.keys()].forEach(arrived));
  worker.on("exit", (code) =>
    die(exitError(code === 0 ? "without providing a reason" : `with error: exit status ${code}`)),
  );
  // Whatever does not pass through the runtime's own streams, such as V8's last words.
  worker.stdout.resume();
  worker.stderr.on("data", (chunk: Buffer) => void appendFile(boot.logFile, chunk).catch(() => undefined));
  worker.unref();

  let onCut = (): void => undefined;
  /** Ends what it runs now where it is; the thread goes on with the next. One that does not listen dies. */
  const cutOff = async (error: LambdaError): Promise<void> => {
    const job = current;
    if (job === null) return;
    const gone = new Promise<void>((resolve) => (onCut = resolve));
    moot = last;
    worker.postMessage({ cut: job.id });
    // It may be waiting for a word about a statement.
    decide("cut");
    const deaf = setTimeout(() => void worker.terminate(), CUT_TIMEOUT);
    worker.once("exit", onCut);
    await gone;
    worker.off("exit", onCut);
    clearTimeout(deaf);
    [...underway.keys()].forEach(arrived);
    if (current === job) settle({ error, tail: "" });
  };

  const timedOut = async (id: string): Promise<void> => {
    alive = false;
    timingOut = true;
    const seconds = definition.timeout;
    const lines = [
      `${new Date().toISOString()} ${id} ${timeoutWords}`,
      `END RequestId: ${id}`,
      `REPORT RequestId: ${id}\tDuration: ${(seconds * 1000).toFixed(2)} ms\tBilled Duration: ${seconds * 1000} ms\t` +
        `Memory Size: ${definition.memory} MB\tStatus: timeout\t\n`,
    ];
    await worker.terminate();
    await appendFile(boot.logFile, lines.join("\n")).catch(() => undefined);
    settle({ error: timeoutError(id), tail: "" });
  };

  const initTimer = setTimeout(() => {
    const errorMessage = `Error: Initialisation timed out after ${INIT_TIMEOUT / 1000} seconds`;
    die({ errorType: "Sandbox.Timedout", errorMessage });
    void worker.terminate();
  }, INIT_TIMEOUT);
  void ready.promise.then(() => clearTimeout(initTimer));

  const close = async (): Promise<void> => {
    alive = false;
    await worker.terminate();
  };

  return {
    bornAt: Date.now(),
    get idleSince() {
      return idleSince;
    },
    get busy() {
      return current !== null;
    },
    get alive() {
      return alive;
    },
    ready: ready.promise,
    accessKeyId: variables["AWS_ACCESS_KEY_ID"],
    get running() {
      return current;
    },
    async timeOut(spared = false) {
      if (current === null) return;
      await (spared ? cutOff(timeoutError(current.id)) : timedOut(current.id));
    },
    async kill(spared = false) {
      await (spared ? cutOff(exitError("with error: signal: killed")) : close());
    },
    async invoke(payload, { tail = false, second = false } = {}) {
      const id = randomUUID();
      const done = Promise.withResolvers<Outcome>();
      current = { id, payload, second, finish: done.resolve };
      const limit = definition.timeout * 1000;
      const timer = setTimeout(() => void timedOut(id), limit);
      worker.postMessage({ id, payload, deadline: Date.now() + limit, tail } satisfies Job);
      try {
        return await done.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    close,
  };
};
