import { existsSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { Graph } from "../deploy/graph.ts";
import { AwsError } from "../gateway/service.ts";
import type { Work } from "../gateway/workers.ts";
import type { Host, Invocation } from "../part.ts";
import {
  type Environment,
  type InvokeOptions,
  type Outcome,
  startEnvironment,
  type Statements,
} from "./environment.ts";
import { functionName, type LambdaFunction, readFunctions } from "./function.ts";
import { createGate } from "./gate.ts";
import { createPool, type Pool, type PoolLimits, poolLimits } from "./pool.ts";
import { unpack } from "./unpack.ts";

/** Runs the deployed functions, each from its own zip in workers of its own. */
export type LambdaHost = {
  /** Takes over a deployment: new and changed functions get new workers, old workers finish what they run. */
  apply(graph: Graph): Promise<void>;
  /** @throws AwsError `ResourceNotFoundException` when no such function is deployed. */
  find(nameOrArn: string): LambdaFunction;
  list(): LambdaFunction[];
  /** Runs a function on a JSON text. @throws AwsError when it is unknown, throttled, or the payload is above 6 MB. */
  run(nameOrArn: string, payload: string, options?: InvokeOptions): Promise<Outcome>;
  /** The same with values. */
  invoke(nameOrArn: string, payload: unknown): Promise<Invocation>;
  /** What runs now, of all functions or in the worker that was given this access key. */
  running(accessKeyId?: string): Work[];
  close(): Promise<void>;
};

const MAX_PAYLOAD_BYTES = 6_291_456;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const REAP_INTERVAL = 30_000;

type Deployed = { readonly definition: LambdaFunction; readonly pool: Pool };

/** One old log is kept beside the current one. */
const rotate = async (file: string): Promise<void> => {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(file, `${file}.1`);
};

export type LambdaOptions = {
  readonly limits?: PoolLimits;
  /** Who is told of the workers' SQL statements. */
  readonly statements?: Statements;
};

export const createLambdaHost = async (
  host: Host,
  { limits = poolLimits, statements }: LambdaOptions = {},
): Promise<LambdaHost> => {
  const deployed = new Map<string, Deployed>();
  const draining = new Set<Promise<void>>();
  /** The function of each worker's access key. */
  const owners = new Map<string, string>();
  // More workers loading at once than there are processors make each of them late.
  const gate = createGate(Math.max(2, availableParallelism()));
  const root = join(host.data, "lambda");
  const logs = join(host.data, "logs");
  await mkdir(root, { recursive: true });
  await mkdir(logs, { recursive: true });
  const reaper = setInterval(() => {
    for (const { pool } of deployed.values()) pool.reap();
  }, REAP_INTERVAL);
  reaper.unref();

  /** Exactly what Lambda sets, and the function's own variables; nothing of this process. */
  const environmentOf = (definition: LambdaFunction, folder: string): Record<string, string> => {
    const credentials = host.credentials(definition.role.split("/").at(-1) ?? definition.role, definition.name);
    owners.set(credentials.accessKeyId, definition.name);
    const { SST_KEY_FILE: key, ...variables } = definition.variables;
    return {
      ...variables,
      // A thread cannot change its working directory to the function's folder, where this file is looked for.
      ...(key === undefined ? {} : { SST_KEY_FILE: resolve(folder, key) }),
      AWS_REGION: host.region,
      AWS_DEFAULT_REGION: host.region,
      AWS_ENDPOINT_URL: host.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_LAMBDA_FUNCTION_NAME: definition.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memory),
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: definition.handler,
      TZ: ":UTC",
    };
  };

  const poolOf = (definition: LambdaFunction, folder: string): Pool => {
    const ca = definition.variables["NODE_EXTRA_CA_CERTS"];
    const boot = {
      name: definition.name,
      arn: definition.arn,
      handler: definition.handler,
      folder,
      memory: definition.memory,
      logFile: join(logs, `${definition.name}.log`),
      logGroup: definition.logGroup,
      compileCache: join(root, "cache"),
      // The authorities of AWS's own runtime lie under /var/runtime; here they are the embedded cloud's.
      ...(ca === undefined ? {} : { extraCa: ca.startsWith("/var/runtime/") ? join(host.data, "ca.pem") : ca }),
    };
    return createPool(
      () => startEnvironment(definition, boot, environmentOf(definition, folder), statements),
      gate,
      limits,
    );
  };

  const retire = (pool: Pool): void => {
    const done = pool.drain();
    draining.add(done);
    void done.finally(() => draining.delete(done));
  };

  const deploy = async (definition: LambdaFunction): Promise<void> => {
    const old = deployed.get(definition.name);
    if (old?.definition.revision === definition.revision) return;
    const folder = join(root, definition.name, definition.hash.slice(0, 16));
    await unpack(definition.zip, folder, definition.sourceMaps);
    await rotate(join(logs, `${definition.name}.log`));
    deployed.set(definition.name, { definition, pool: poolOf(definition, folder) });
    if (old) retire(old.pool);
  };

  const find = (nameOrArn: string): Deployed => {
    const found = deployed.get(functionName(nameOrArn));
    if (found) return found;
    const arn = `arn:aws:lambda:${host.region}:${host.account}:function:${functionName(nameOrArn)}`;
    throw new AwsError("ResourceNotFoundException", `Function not found: ${arn}`, 404, { Type: "User" });
  };

  const run: LambdaHost["run"] = async (nameOrArn, payload, options) => {
    const { pool } = find(nameOrArn);
    if (payload.length > MAX_PAYLOAD_BYTES / 4 && Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
      const limit = `Request must be smaller than ${MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation`;
      throw new AwsError("RequestEntityTooLargeException", limit, 413, { Type: "User" });
    }
    return pool.invoke(payload, options);
  };

  const workIn = (name: string, environment: Environment): Work => {
    const { id, payload, second } = environment.running ?? { id: "", payload: "", second: false };
    return {
      functionName: name,
      id,
      payload,
      second,
      kill: (spared) => environment.kill(spared),
      timeOut: (spared) => environment.timeOut(spared),
      again: () =>
        run(name, payload, { second: true }).then(
          () => undefined,
          () => undefined,
        ),
    };
  };

  return {
    running(accessKeyId) {
      const names = accessKeyId === undefined ? [...deployed.keys()] : [owners.get(accessKeyId) ?? ""];
      return names.flatMap((name) =>
        (deployed.get(name)?.pool.busy() ?? [])
          .filter((environment) => accessKeyId === undefined || environment.accessKeyId === accessKeyId)
          .map((environment) => workIn(name, environment)),
      );
    },
    async apply(graph) {
      const functions = await readFunctions(graph);
      await Promise.all(functions.map((definition) => deploy(definition)));
      const names = new Set(functions.map(({ name }) => name));
      for (const [name, { pool }] of deployed) {
        if (names.has(name)) continue;
        deployed.delete(name);
        retire(pool);
        const folder = join(root, name);
        if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
      }
    },
    find: (nameOrArn) => find(nameOrArn).definition,
    list: () => [...deployed.values()].map(({ definition }) => definition),
    run,
    async invoke(nameOrArn, payload) {
      const outcome = await run(nameOrArn, JSON.stringify(payload) ?? "null");
      if (outcome.error) return { payload: null, error: outcome.error };
      return { payload: JSON.parse(outcome.payload ?? "null") };
    },
    async close() {
      clearInterval(reaper);
      await Promise.all([...deployed.values()].map(({ pool }) => pool.close()));
      deployed.clear();
    },
  };
};
