import { join, resolve } from "node:path";
import { checkCovered } from "./coverage.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import type { Graph } from "./deploy/graph.ts";
import { ensurePlatform } from "./deploy/platform.ts";
import { deploySst } from "./deploy/sst.ts";
import { postgresAddress } from "./engines/postgres/address.ts";
import type { Statements } from "./lambda/environment.ts";
import { type LambdaPart, lambdaPart } from "./lambda/part.ts";
import type { Host, Part } from "./part.ts";
import { foundations, orchestration } from "./parts.ts";
import { bindPorts } from "./ports.ts";
import { openStore } from "./store.ts";
import { websocketPart } from "./websocket/part.ts";
import { createWrites } from "./writes.ts";

const region = "us-east-1";
const account = "123456789012";

export type CloudOptions = {
  /** The folder that keeps everything between runs. */
  readonly data: string;
  /** The API's port; the AWS endpoint gets the next one. 0: any two. */
  readonly port: number;
  /** The folder of sst.config.ts. */
  readonly app: string;
  readonly stage?: string;
  /** What the deploying shell would export. */
  readonly env?: Readonly<Record<string, string>>;
  /** Begin with an empty data folder. */
  readonly fresh?: boolean;
  /** Told what is being done, in a few words. */
  readonly onProgress?: (line: string) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
};

/** A running embedded cloud with the app deployed to it. */
export type Cloud = {
  readonly host: Pick<Host, "data" | "region" | "account" | "endpoint" | "apiUrl">;
  /** What is deployed now. */
  graph(): Graph;
  /** Deploys the app again, as it stands now. The old deployment serves on if the new one fails. */
  redeploy(): Promise<Graph>;
  /** Stops everything in order and leaves no process. */
  close(): Promise<void>;
};

/** Things to undo, undone in the reverse order. */
const closers = (log: (line: string) => void) => {
  const stack: { what: string; close: () => unknown }[] = [];
  return {
    add: (what: string, close: () => unknown): void => void stack.push({ what, close }),
    async run(): Promise<void> {
      for (let next = stack.pop(); next; next = stack.pop()) {
        try {
          await next.close();
        } catch (error) {
          log(`${next.what} did not stop cleanly: ${error instanceof Error ? error.stack : String(error)}`);
        }
      }
    },
  };
};

const bootParts = async (
  host: Host,
  statements: Statements,
  onLambda: (lambda: LambdaPart) => void,
): Promise<Part[]> => {
  const bootLambda = async (): Promise<Part> => {
    const lambda = await lambdaPart(host, statements);
    onLambda(lambda);
    return lambda;
  };
  const booting = [...foundations.map((part) => part(host)), bootLambda(), ...orchestration.map((part) => part(host))];
  const settled = await Promise.allSettled(booting);
  const parts = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) {
    await Promise.allSettled(parts.map(async (part) => part.close?.()));
    throw failed.reason;
  }
  return parts;
};

/**
 * Starts the embedded cloud: takes the data folder, binds the ports, boots the engines while `sst` deploys, applies what
 * was deployed, and starts what polls.
 * @throws StartError for what the person at the keyboard can change, DeployError when the app does not deploy.
 */
export const startCloud = async (options: CloudOptions): Promise<Cloud> => {
  const data = resolve(options.data);
  const app = resolve(options.app);
  const folder: DataFolder = openDataFolder(data, { fresh: options.fresh ?? false });
  const log = (line: string): void => folder.log(line);
  const closing = closers(log);
  closing.add("the data folder", () => folder.release());
  try {
    const { api, gateway } = await bindPorts(options.port, { region, account, log });
    closing.add("the gateway", () => gateway.close());
    closing.add("the API", () => api.close());
    const store = openStore(join(data, "store.sqlite"));
    closing.add("the store", () => store.close());
    let lambda: LambdaPart | undefined;
    const host: Host = {
      data,
      region,
      account,
      endpoint: gateway.endpoint,
      apiUrl: api.url,
      postgres: await postgresAddress(data),
      store,
      writes: createWrites(),
      seed: folder.seed,
      log,
      credentials: (role, session) => gateway.credentials(role, session),
      invoke: (name, payload) =>
        lambda ? lambda.invoke(name, payload) : Promise.reject(new Error("The Lambda host has not started.")),
      call: (service, action, input) => gateway.call(service, action, input),
    };

    const failing = new AbortController();
    const signal = AbortSignal.any([failing.signal, ...(options.signal ? [options.signal] : [])]);
    const deploy = async (abort?: AbortSignal): Promise<Graph> => {
      const began = performance.now();
      const graph = await deploySst({
        app,
        stage: options.stage ?? "local",
        workdir: join(data, "deploy"),
        facts: {
          account,
          region,
          endpoint: host.endpoint,
          apiUrl: host.apiUrl,
          postgres: host.postgres,
          seed: host.seed,
        },
        ...(options.env ? { env: options.env } : {}),
        ...(abort ? { signal: abort } : {}),
      });
      log(`deployed ${graph.resources.length} resources in ${Math.round(performance.now() - began)} ms`);
      return graph;
    };

    await ensurePlatform(app, options.onProgress);
    options.onProgress?.("Booting the engines and deploying the app");
    const booting = bootParts(host, gateway.statements, (part) => (lambda = part));
    const deploying = deploy(signal);
    // Whichever fails first ends the other; both are waited for, so that nothing is left running.
    booting.catch(() => failing.abort());
    const [booted, deployed] = await Promise.allSettled([booting, deploying]);
    const parts = booted.status === "fulfilled" ? booted.value : [];
    for (const part of parts) closing.add(part.name, () => part.close?.());
    if (booted.status === "rejected") throw booted.reason;
    if (deployed.status === "rejected") throw deployed.reason;

    parts.push(await api.part(host), await websocketPart(host, api));
    gateway.setWorkers((accessKeyId) => lambda?.running(accessKeyId)[0]);
    gateway.setServices(parts.flatMap((part) => part.services ?? []));
    let graph = deployed.value;
    const apply = async (next: Graph): Promise<void> => {
      if (next.region !== region)
        throw new Error(`The app deploys to ${next.region}; the embedded cloud is in ${region}.`);
      checkCovered(next, parts);
      gateway.setGraph(next);
      for (const part of parts) {
        options.signal?.throwIfAborted();
        const began = performance.now();
        await part.apply?.(next);
        log(`applied ${part.name} in ${Math.round(performance.now() - began)} ms`);
      }
      graph = next;
    };
    options.onProgress?.("Applying what was deployed");
    await apply(graph);
    for (const part of parts) await part.start?.();

    return {
      host,
      graph: () => graph,
      async redeploy() {
        await apply(await deploy());
        return graph;
      },
      close: () => closing.run(),
    };
  } catch (error) {
    await closing.run();
    throw error;
  }
};
