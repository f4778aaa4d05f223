import { spawn } from "node:child_process";
import { chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Runner } from "./runner.ts";

/** The superuser is RDS' own and nobody else's; the deployment's master user is less, as on RDS. */
export const superuser = "rdsadmin";

/** Only over TLS, only with a password. */
const hostAccess = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n";

const exists = async (file: string): Promise<boolean> =>
  readFile(file).then(
    () => true,
    () => false,
  );

const run = (runner: Runner, program: string, args: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const [command = "", ...rest] = [...runner.prefix, program, ...args];
    const as = runner.prefix.length === 0 && runner.user ? runner.user : {};
    const child = spawn(command, rest, {
      ...as,
      env: { LC_ALL: "C", PATH: process.env["PATH"] },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`${path.basename(program)}: ${errors.trim()}`)),
    );
  });

/** Gives a folder and what lies in it to the server's user. The database files in it are that user's from the start. */
export const giveTo = async (runner: Runner, folder: string): Promise<void> => {
  const { user } = runner;
  if (user === null) return;
  const paths = (await readdir(folder)).map((entry) => path.join(folder, entry));
  for (const one of [folder, ...paths]) await chown(one, user.uid, user.gid);
};

const initialise = async (runner: Runner, folder: string, files: string, password: string): Promise<void> => {
  await mkdir(files, { recursive: true, mode: 0o700 });
  const secret = path.join(folder, "password");
  await writeFile(secret, password, { mode: 0o600 });
  await giveTo(runner, folder);
  const encoding = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"];
  const access = ["--auth=scram-sha-256", `--username=${superuser}`, `--pwfile=${secret}`];
  await run(runner, runner.initdb, [`--pgdata=${files}`, ...access, ...encoding, "--no-instructions"]);
  await rm(secret);
};

const copy = async (runner: Runner, folder: string, from: string, to: string): Promise<void> => {
  await giveTo(runner, folder);
  await run(runner, "cp", ["-R", from, to]);
};

/**
 * Makes the database files once, as a copy of `template` if one is given: initdb takes a second of a processor. A first
 * attempt that was cut short is thrown away: it never held anything.
 *
 * @returns the folder of the files
 */
export const ensureCluster = async (
  runner: Runner,
  folder: string,
  password: string,
  template?: string,
): Promise<string> => {
  const files = path.join(folder, "data");
  const done = path.join(folder, "initialised");
  if (!(await exists(done))) {
    await rm(files, { recursive: true, force: true });
    if (template === undefined) await initialise(runner, folder, files, password);
    else await copy(runner, folder, template, files);
    await writeFile(done, "");
  }
  await writeFile(path.join(files, "pg_hba.conf"), hostAccess);
  return files;
};

/** What a process was started with; null when there is none. */
const commandOf = async (pid: number): Promise<string | null> => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return null;
  }
  const proc = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => null);
  if (proc !== null) return proc;
  return new Promise((resolve) => {
    const ps = spawn("ps", ["-p", String(pid), "-o", "command="], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    ps.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    ps.once("error", () => resolve(null));
    ps.once("close", () => resolve(text.trim() || null));
  });
};

/**
 * Deals with what a killed predecessor left: waits for its server to end, ends it when it does not, and removes a lock
 * whose number belongs to another program by now.
 */
export const clearLeftovers = async (files: string): Promise<void> => {
  const lock = path.join(files, "postmaster.pid");
  const text = await readFile(lock, "utf8").catch(() => "");
  const pid = Number(text.split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  for (let waited = 0; ; waited += 100) {
    const command = await commandOf(pid);
    if (!command?.includes(files)) break;
    // Fast, then immediate, then by force: the write-ahead log makes good what is lost.
    const signal = { 3000: "SIGINT", 6000: "SIGQUIT", 9000: "SIGKILL" }[waited];
    if (signal !== undefined) process.kill(pid, signal);
    if (waited > 12_000) throw new Error(`The PostgreSQL server ${pid} of an earlier start does not end.`);
    await sleep(100);
  }
  await rm(lock, { force: true });
};
