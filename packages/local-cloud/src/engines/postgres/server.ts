import { setTimeout as sleep } from "node:timers/promises";
import { type Engine, startEngine } from "../process.ts";
import type { PostgresAddress } from "./address.ts";
import { clearLeftovers } from "./cluster.ts";
import type { Runner } from "./runner.ts";

/** How much a server may take of the machine: there is one for all, and one for each dedicated cluster. */
export type Size = { readonly connections: number; readonly buffers: string };
const shared: Size = { connections: 200, buffers: "64MB" };
export const dedicated: Size = { connections: 50, buffers: "16MB" };

const settings = ({ address, folder, size = shared }: Options): string[] =>
  Object.entries({
    listen_addresses: address.host,
    port: String(address.port),
    unix_socket_directories: "",
    ssl: "on",
    ssl_cert_file: `${folder}/server.crt`,
    ssl_key_file: `${folder}/server.key`,
    ssl_min_protocol_version: "TLSv1.2",
    password_encryption: "scram-sha-256",
    max_connections: String(size.connections),
    shared_buffers: size.buffers,
    log_line_prefix: "%m [%p] %q%u@%d ",
    timezone: "UTC",
    log_timezone: "UTC",
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

type Options = {
  readonly runner: Runner;
  readonly address: PostgresAddress;
  readonly folder: string;
  readonly files: string;
  readonly onLine: (line: string) => void;
  readonly size?: Size;
};

const attempt = (options: Options): Promise<Engine> =>
  new Promise((resolve, reject) => {
    const { runner, files, onLine } = options;
    const [command = "", ...args] = [...runner.prefix, runner.postgres, "-D", files, ...settings(options)];
    const last: string[] = [];
    const engine = startEngine({
      command,
      args,
      signal: "INT",
      env: { LC_ALL: "C", PATH: process.env["PATH"] },
      ...(runner.prefix.length === 0 && runner.user ? runner.user : {}),
      onLine(line) {
        onLine(line);
        last.push(line);
        if (last.length > 5) last.shift();
        if (line.includes("database system is ready to accept connections")) resolve(engine);
      },
      onEnd: (code) => reject(new Error(`PostgreSQL ended with code ${code}: ${last.join(" ")}`)),
    });
  });

/** Starts the server and waits until it takes connections. What a killed predecessor left is given time to go. */
export const startServer = async (options: Options): Promise<Engine> => {
  for (let tries = 1; ; tries += 1) {
    await clearLeftovers(options.files);
    try {
      return await attempt(options);
    } catch (error) {
      // Backends of a killed server hold its shared memory for a moment longer than it lived.
      if (tries === 5 || !/shared memory|lock file|in use/.test(String(error))) throw error;
      await sleep(400);
    }
  }
};
