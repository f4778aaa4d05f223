import { chown, copyFile, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import type { Engine } from "../process.ts";
import { type PostgresAddress, postgresAddress } from "./address.ts";
import { ensureMaster, type Master } from "./apply.ts";
import { ensureCluster, giveTo, superuser } from "./cluster.ts";
import type { Runner } from "./runner.ts";
import { dedicated, startServer } from "./server.ts";

/** What every dedicated server shares with the first one. */
export type Ground = {
  readonly runner: Runner;
  /** Under which each has a folder of its own, by name. */
  readonly folder: string;
  /** Of the first server: its certificate is theirs too, as all are at the same address. */
  readonly certificate: string;
  readonly ca: string;
  /** The superuser's, known to nobody outside. */
  readonly password: string;
  readonly onLine: (line: string) => void;
};

/** PostgreSQL servers beside the first, each a process of its own with a port and files of its own. */
export type DedicatedServers = {
  /** Takes a server that runs already, and that somebody else stops, for the one of this name. */
  adopt(name: string, where: PostgresAddress, engine: Engine): void;
  /** Where the server of this name listens, the same on each start if nobody else took the port. */
  address(name: string): Promise<PostgresAddress>;
  /** Makes the files, if there are none. */
  initialise(name: string): Promise<void>;
  /** Starts it, unless it runs, and sets the master user, if one is given. */
  start(name: string, master?: Master): Promise<void>;
  stop(name: string): Promise<void>;
  /** Stops it and removes its files. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
};

export const dedicatedServers = (ground: Ground): DedicatedServers => {
  const { runner, password, ca, onLine } = ground;
  const running = new Map<string, Promise<Engine>>();
  const addresses = new Map<string, Promise<PostgresAddress>>();
  const folderOf = (name: string): string => path.join(ground.folder, name);

  const address = (name: string): Promise<PostgresAddress> => {
    const found = addresses.get(name) ?? postgresAddress(folderOf(name));
    addresses.set(name, found);
    return found;
  };

  /** Files as initdb leaves them, which each server begins with a copy of. No cluster's name begins with a dot. */
  let template: Promise<string> | undefined;
  const untouched = (): Promise<string> => {
    template ??= ensureCluster(runner, folderOf(".template"), password);
    template.catch(() => (template = undefined));
    return template;
  };

  const boot = async (name: string): Promise<Engine> => {
    const folder = folderOf(name);
    const files = await ensureCluster(runner, folder, password);
    return startServer({ runner, address: await address(name), folder, files, size: dedicated, onLine });
  };

  const stop = async (name: string): Promise<void> => {
    const engine = await running.get(name);
    running.delete(name);
    await engine?.stop();
  };

  return {
    address,
    stop,
    adopt(name, where, engine) {
      addresses.set(name, Promise.resolve(where));
      running.set(name, Promise.resolve({ ...engine, stop: () => Promise.resolve() }));
    },
    async initialise(name) {
      const folder = folderOf(name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // What lies beside it is the server's user's already: only the way to it has to be open.
      if (runner.user) await chown(ground.folder, runner.user.uid, runner.user.gid);
      await ensureCluster(runner, folder, password, await untouched());
      for (const file of ["server.crt", "server.key"])
        await copyFile(path.join(ground.certificate, file), path.join(folder, file));
      await giveTo(runner, folder);
    },
    async start(name, master) {
      const engine = running.get(name) ?? boot(name);
      running.set(name, engine);
      await engine.catch((error: unknown) => {
        running.delete(name);
        throw error;
      });
      if (master === undefined) return;
      const login = { user: superuser, password, database: "postgres", ssl: { ca } };
      const client = new Client({ ...(await address(name)), ...login });
      await client.connect();
      try {
        await ensureMaster((text, values) => client.query(text, values === undefined ? [] : [...values]), master);
      } finally {
        await client.end();
      }
    },
    async remove(name) {
      await stop(name);
      await rm(folderOf(name), { recursive: true, force: true });
      addresses.delete(name);
    },
    async close() {
      await Promise.all([...running.keys()].map(stop));
    },
  };
};
