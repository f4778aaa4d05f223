import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { operatorCall } from "../gateway/operator.ts";
import type { Host, PartFactory } from "../part.ts";
import { applyTables, type Call, tableType } from "./dynamodb/apply.ts";
import { sweepExpired } from "./dynamodb/expiry.ts";
import { addStreamIndexes } from "./dynamodb/indexes.ts";
import type { KeySchemas } from "./dynamodb/permissions.ts";
import { dynamodbService } from "./dynamodb/service.ts";
import { createStreamNames } from "./dynamodb/streams.ts";
import { forwardTo } from "./forward.ts";
import { freePort } from "./port.ts";
import { startEngine } from "./process.ts";

const sweepMs = 30_000;

/** Starts dynoxide on a port of its own choice. */
const startDynoxide = async (host: Host): Promise<{ endpoint: string; stop(): Promise<void> }> => {
  const given = process.env["TENANTRY_DYNAMODB_ENDPOINT"];
  if (given !== undefined && given !== "") return { endpoint: given, stop: () => Promise.resolve() };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `There is no DynamoDB engine for ${process.platform} on ${process.arch}: set TENANTRY_DYNAMODB_ENDPOINT to one of your own, such as DynamoDB Local's.`,
    );
  }
  const binary = createRequire(import.meta.url).resolve("@dynoxide/linux-x64/dynoxide");
  const folder = path.join(host.data, "dynamodb");
  await mkdir(folder, { recursive: true });
  // Another program may take the port between the look and the bind.
  for (let attempt = 1; ; attempt += 1) {
    try {
      const file = path.join(folder, "tables.sqlite");
      const engine = await serve(host, binary, file, await freePort());
      addStreamIndexes(file);
      return engine;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};

const serve = (
  host: Host,
  binary: string,
  file: string,
  port: number,
): Promise<{ endpoint: string; stop(): Promise<void> }> =>
  new Promise((resolve, reject) => {
    let last = "";
    let stopping = false;
    const stop = (): Promise<void> => {
      stopping = true;
      return engine.stop();
    };
    const engine = startEngine({
      command: binary,
      args: ["serve", "--port", String(port), "--db-path", file],
      signal: "TERM",
      onLine(line) {
        last = line;
        const endpoint = /listening on (http:\/\/\S+)/.exec(line)?.[1];
        if (endpoint === undefined) host.log(`dynamodb: ${line}`);
        else resolve({ endpoint, stop });
      },
      onEnd(code) {
        if (!stopping) host.log(`dynamodb: the engine ended with code ${code}: ${last}`);
        reject(new Error(`The DynamoDB engine ended with code ${code}: ${last}`));
      },
    });
  });

/** DynamoDB, its streams and its expiry of items, on dynoxide. */
export const dynamodb: PartFactory = async (host) => {
  const { region, account } = host;
  const engine = await startDynoxide(host);
  const { forward, close } = forwardTo(engine.endpoint, host.writes);
  const names = createStreamNames(region, account);
  const keys: KeySchemas = new Map();
  const service = dynamodbService({ forward, region, account, names, keys });
  const call: Call = async (action, input) =>
    (await operatorCall(service, { name: "dynamodb", action, input, region, account })) as Awaited<ReturnType<Call>>;
  let timer: NodeJS.Timeout | undefined;
  return {
    name: "dynamodb",
    services: [service],
    types: [tableType],
    apply: (graph) => applyTables(graph, { call, names, keys }),
    async start() {
      timer = setInterval(() => {
        sweepExpired(call).catch((error: unknown) =>
          host.log(`dynamodb: the sweep of expired items failed: ${String(error)}`),
        );
      }, sweepMs);
      timer.unref();
    },
    async close() {
      clearInterval(timer);
      close();
      await engine.stop();
    },
  };
};
