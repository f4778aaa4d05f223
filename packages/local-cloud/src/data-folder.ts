import { randomBytes } from "node:crypto";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartError } from "./start-error.ts";

/** The folder of one installation, held by this process alone until it is released. */
export type DataFolder = {
  /** 32 random bytes in hex, made once. */
  readonly seed: string;
  log(line: string): void;
  release(): Promise<void>;
};

const longestLog = 10 * 1024 * 1024;

const reason = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const words: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "not permitted",
    EROFS: "the file system is read-only",
    ENOTDIR: "a part of the path is a file",
    EEXIST: "it is a file",
    ENOSPC: "the disk is full",
    ENOENT: "nothing can be created there",
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
};

/** Node's own recursive `mkdir` never returns where the system answers ENOENT for an existing parent, as under `/proc`. */
const makeFolder = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path);
};

/**
 * The system itself lets go of a lock on a file when its process dies, so no stale one can be left behind, and no other
 * process that got the same id can be mistaken for it.
 */
const lock = (data: string): DatabaseSync => {
  const db = new DatabaseSync(join(data, "lock"));
  try {
    db.exec(
      "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (by TEXT); COMMIT; BEGIN EXCLUSIVE",
    );
  } catch (error) {
    db.close();
    if (!/locked|busy/.test(String(error))) throw error;
    const holder = existsSync(join(data, "pid")) ? readFileSync(join(data, "pid"), "utf8").trim() : "unknown";
    throw new StartError(
      `The data folder ${data} is in use by process ${holder}: stop it, or choose another with --data.`,
    );
  }
  return db;
};

/** Empties the folder, if it is one of ours: a wrong `--data` must not cost anybody their files. */
const empty = (data: string): void => {
  const entries = readdirSync(data).filter((entry) => entry !== "lock" && !entry.startsWith("lock-"));
  if (entries.length > 0 && !entries.includes("seed")) {
    throw new StartError(
      `The folder ${data} holds something else than an embedded cloud's data, so --fresh leaves it alone.`,
    );
  }
  for (const entry of entries) rmSync(join(data, entry), { recursive: true, force: true });
};

/**
 * Takes the folder for this process, creating what is missing.
 * @throws StartError when it cannot be written or another process holds it.
 */
export const openDataFolder = (data: string, options: { fresh?: boolean } = {}): DataFolder => {
  let held: DatabaseSync | undefined;
  try {
    makeFolder(data);
    held = lock(data);
    if (options.fresh) empty(data);
    // A process that was killed could not take its announcement back.
    rmSync(join(data, "ready.json"), { force: true });
    writeFileSync(join(data, "pid"), `${process.pid}\n`);
    mkdirSync(join(data, "logs"), { recursive: true });
    const seedFile = join(data, "seed");
    if (!existsSync(seedFile)) writeFileSync(seedFile, randomBytes(32).toString("hex"), { mode: 0o600 });
    const logFile = join(data, "logs", "cloud.log");
    if (existsSync(logFile) && statSync(logFile).size > longestLog) renameSync(logFile, `${logFile}.1`);
    const log = createWriteStream(logFile, { flags: "a" });
    // A full disk must not end the cloud for want of a log line.
    log.on("error", () => undefined);
    const db = held;
    return {
      seed: readFileSync(seedFile, "utf8").trim(),
      log: (line) => void log.write(`${new Date().toISOString()} ${line}\n`),
      async release() {
        await new Promise<void>((resolve) => log.end(resolve));
        rmSync(join(data, "pid"), { force: true });
        db.close();
      },
    };
  } catch (error) {
    held?.close();
    if (error instanceof StartError) throw error;
    throw new StartError(`The data folder ${data} cannot be used: ${reason(error)}. Choose another with --data.`);
  }
};
