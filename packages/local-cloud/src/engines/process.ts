import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a program that may not outlive this process, however this process ends: a shell holds the read end of a pipe whose
 * write end is ours alone. End of file on it, by `stop` or by `kill -9`, makes the shell send the signal.
 */
const supervisor = `
signal=$1; shift
exec 3<&0
"$@" </dev/null & child=$!
( trap '' INT TERM; while read -r _; do :; done <&3; kill -s "$signal" "$child" 2>/dev/null ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$child"; code=$?
kill -s KILL "$watch" 2>/dev/null
exit $code
`;

export type Engine = {
  readonly child: ChildProcess;
  /** Asks it to end, and makes it after ten seconds. */
  stop(): Promise<void>;
};

export type EngineOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** What asks the program to end cleanly. */
  readonly signal: "INT" | "TERM";
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Each line that it writes. */
  onLine?(line: string): void;
  /** It has ended, asked or not; null when it did not even start or a signal ended it. */
  onEnd?(code: number | null): void;
};

/** Starts an engine's process in a group of its own, so that Ctrl-C in the terminal does not reach it before us. */
export const startEngine = (options: EngineOptions): Engine => {
  const { command, args, signal } = options;
  const child = spawn("/bin/sh", ["-c", supervisor, "engine", signal, command, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  child.stdin?.on("error", () => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) options.onLine?.(line);
    });
  }
  child.once("error", () => options.onEnd?.(null));
  child.once("exit", (code) => options.onEnd?.(code));
  return {
    child,
    async stop() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.stdin?.end();
      const timer = setTimeout(() => {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      }, 10_000);
      await once(child, "exit");
      clearTimeout(timer);
    },
  };
};
