import { createHmac } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import type { PartFactory } from "../part.ts";
import { rds } from "../services/rds.ts";
import { applyDatabases, clusterTypes, managedIn } from "./postgres/apply.ts";
import { ensureCluster, giveTo, superuser } from "./postgres/cluster.ts";
import { dedicatedServers } from "./postgres/dedicated.ts";
import { findRunner } from "./postgres/runner.ts";
import { startServer } from "./postgres/server.ts";
import { ensureCertificate } from "./postgres/tls.ts";

export { postgresAddress } from "./postgres/address.ts";
export { authorityFile } from "./postgres/tls.ts";

/**
 * PostgreSQL 18, by TLS and password only: one server for the stack's RDS clusters, at `host.postgres`, and one more for
 * each cluster that the RDS API is asked for.
 */
export const postgres: PartFactory = async (host) => {
  const folder = path.join(host.data, "postgres");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const runner = await findRunner(folder);
  const password = createHmac("sha256", Buffer.from(host.seed, "hex")).update("postgres superuser").digest("base64url");
  const files = await ensureCluster(runner, folder, password);
  const ca = await ensureCertificate(host.data, folder);
  await giveTo(runner, folder);
  await mkdir(path.join(host.data, "logs"), { recursive: true });
  const log = createWriteStream(path.join(host.data, "logs", "postgres.log"), { flags: "a" });
  const address = host.postgres;
  const onLine = (line: string): void => void log.write(`${line}\n`);
  const engine = await startServer({ runner, address, folder, files, onLine });
  const own = path.join(host.data, "rds");
  await mkdir(own, { recursive: true, mode: 0o700 });
  const servers = dedicatedServers({ runner, folder: own, certificate: folder, ca, password, onLine });
  const clusters = rds(host, servers);
  await clusters.resume();
  return {
    name: "postgres",
    services: [clusters.service],
    types: clusterTypes,
    async apply(graph) {
      const client = new Client({ ...address, user: superuser, password, database: "postgres", ssl: { ca } });
      await client.connect();
      try {
        await applyDatabases(graph, (text, values) => client.query(text, values === undefined ? [] : [...values]));
      } finally {
        await client.end();
      }
      for (const { cluster, secret } of managedIn(graph)) {
        servers.adopt(String(cluster.outputs["clusterIdentifier"]), address, engine);
        await clusters.adopt(cluster, secret);
      }
    },
    start: () => clusters.settle(),
    async close() {
      await clusters.close();
      await engine.stop();
      await new Promise<void>((resolve) => log.end(() => resolve()));
    },
  };
};
