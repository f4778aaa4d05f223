import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ready } from "../../scripts/ready.ts";

export const root = join(import.meta.dirname, "../..");

export type { Ready };

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "tenantry-"));

/** A run of a script of the project, as `npm` would run it once everything is installed. */
export class Run {
  readonly child: ChildProcess;
  output = "";
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;

  constructor(script: string, args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(join(root, "node_modules/.bin/node"), [join(root, script), ...args], {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString("utf8")));
    this.ended = new Promise((resolve) =>
      this.child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown")),
    );
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | string> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Runs `npm start` on a data folder and waits until it is ready. The time is from spawn to ready, in milliseconds. */
export const startApp = async (
  data: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Run & { ready: Ready; milliseconds: number }> => {
  // left behind by a run that was killed
  rmSync(join(data, "ready.json"), { force: true });
  const since = performance.now();
  const run = new Run("scripts/start.ts", ["--port", "0", "--data", data, ...args], env);
  const file = join(data, "ready.json");
  let over = false;
  void run.ended.then(() => (over = true));
  while (!existsSync(file)) {
    if (over) throw new Error(`The app ended before it was ready:\n${run.output}`);
    await sleep(20);
  }
  const milliseconds = performance.now() - since;
  return Object.assign(run, { ready: JSON.parse(readFileSync(file, "utf8")) as Ready, milliseconds });
};

/** Processes whose command line or environment names the folder: what a stopped app must not leave behind. */
export const processesOf = (folder: string): string[] => {
  const { globSync } = process.getBuiltinModule("node:fs");
  return globSync("/proc/[0-9]*/cmdline").flatMap((file) => {
    try {
      const command = readFileSync(file, "utf8").replaceAll("\0", " ").trim();
      return command.includes(folder) ? [command] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
};
