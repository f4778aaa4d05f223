import { spawn } from "node:child_process";

export type CommandResult = { readonly code: number; readonly output: string };

/**
 * Runs a command to its end in a process group of its own, so that stopping it stops what it started.
 * @throws Error when it takes longer than `timeout` milliseconds or `signal` aborts it.
 */
export const runCommand = async (
  file: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; timeout: number; signal?: AbortSignal | undefined },
): Promise<CommandResult> => {
  options.signal?.throwIfAborted();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);

  const killGroup = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group has ended already.
    }
  };
  let stopped: Error | undefined;
  const stop = (reason: Error): void => {
    stopped ??= reason;
    killGroup("SIGTERM");
    setTimeout(killGroup, 1_000, "SIGKILL").unref();
  };
  const timer = setTimeout(
    () => stop(new Error(`${args.join(" ")} took over ${options.timeout / 1000} s`)),
    options.timeout,
  );
  const onAbort = (): void => stop(new Error("stopped"));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  // A terminal's Ctrl-C does not reach a group of its own; whatever ends this process ends the group.
  const onExit = (): void => killGroup("SIGKILL");
  process.once("exit", onExit);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve(status ?? 1));
    });
    if (stopped) throw stopped;
    return { code, output };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    process.off("exit", onExit);
  }
};

/** The environment in which `sst` runs: nothing of the caller's but the path, and no question that waits for an answer. */
export const sstEnvironment = (): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  SST_SKIP_DEPENDENCY_CHECK: "1",
  SST_NO_BUN: "1",
  SST_TELEMETRY_DISABLED: "1",
  CI: "1",
  NO_COLOR: "1",
});
