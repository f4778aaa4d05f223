import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { operatorCall } from "../gateway/operator.ts";
import type { Host, PartFactory } from "../part.ts";
import { forwardTo } from "./forward.ts";
import { applyStreams, streamType } from "./kinesis/apply.ts";
import { kinesisService } from "./kinesis/service.ts";

type FromWorker = { readonly port?: number; readonly closed?: boolean };

const startKinesalite = async (host: Host): Promise<{ endpoint: string; stop(): Promise<void> }> => {
  const folder = path.join(host.data, "kinesis");
  await mkdir(folder, { recursive: true });
  const worker = new Worker(new URL("./kinesis/worker.mjs", import.meta.url), {
    workerData: { path: folder },
    env: { AWS_ACCOUNT_ID: host.account, AWS_REGION: host.region },
    execArgv: [],
  });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", (message: FromWorker) => resolve(message.port ?? 0));
    worker.once("error", (error) => reject(new Error(`The Kinesis engine does not start: ${String(error)}`)));
  });
  worker.on("error", (error) => host.log(`kinesis: the engine died: ${String(error)}`));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = new Promise<void>((resolve) => worker.once("message", () => resolve()));
      worker.postMessage("close");
      await Promise.race([closed, ended, new Promise((resolve) => setTimeout(resolve, 3000).unref())]);
      await worker.terminate();
    },
  };
};

/** Kinesis data streams on kinesalite, kept on disk. */
export const kinesis: PartFactory = async (host) => {
  const { region, account } = host;
  const engine = await startKinesalite(host);
  const { forward, close } = forwardTo(engine.endpoint, host.writes);
  const service = kinesisService({ forward, region, account });
  const call = async (action: string, input: unknown): Promise<Record<string, unknown>> =>
    (await operatorCall(service, { name: "kinesis", action, input, region, account })) as Record<string, unknown>;
  return {
    name: "kinesis",
    services: [service],
    types: [streamType],
    apply: (graph) => applyStreams(graph, call, (line) => host.log(line)),
    async close() {
      close();
      await engine.stop();
    },
  };
};
