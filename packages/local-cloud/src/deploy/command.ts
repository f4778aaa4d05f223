import { startEngine } from "../engines/process.ts";

export type CommandResult = { readonly code: number; readonly output: string };

/**
 * Runs a command to its end. It ends with this process at the latest, however that ends.
 * @throws Error when it takes longer than `timeout` milliseconds or `signal` aborts it.
 */
export const runCommand = async (
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; timeout: number; signal?: AbortSignal | undefined },
): Promise<CommandResult> => {
  const { cwd, env, timeout, signal } = options;
  signal?.throwIfAborted();
  const lines: string[] = [];
  const ended = Promise.withResolvers<number>();
  const running = startEngine({
    command,
    args,
    cwd,
    env,
    signal: "TERM",
    onLine: (line) => void lines.push(line),
    onEnd: (status) => ended.resolve(status ?? 1),
  });
  let stopped: Error | undefined;
  const stop = (reason: Error): void => {
    stopped ??= reason;
    void running.stop();
  };
  const timer = setTimeout(() => stop(new Error(`${args.join(" ")} took over ${timeout / 1000} s`)), timeout);
  const onAbort = (): void => stop(new Error("stopped"));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const code = await ended.promise;
    if (stopped) throw stopped;
    return { code, output: lines.join("\n") };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
};

/** The environment in which `sst` runs: nothing of the caller's but the path, and no question that waits for an answer. */
export const sstEnvironment = (): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  SST_SKIP_DEPENDENCY_CHECK: "1",
  SST_NO_BUN: "1",
  SST_TELEMETRY_DISABLED: "1",
  // Its bundler is written in Go and allocates much: collecting less often saves a sixth of the deployment's time.
  GOGC: "800",
  CI: "1",
  NO_COLOR: "1",
});
