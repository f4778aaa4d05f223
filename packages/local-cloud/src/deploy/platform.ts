import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { runCommand, sstEnvironment } from "./command.ts";

const readIfThere = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** The command line of `sst`, as the app's `node_modules` hold it. */
export const sstCommand = (app: string): string => join(app, "node_modules", "sst", "bin", "sst.mjs");

/** The path with this process's Node first, so that whatever `sst` starts runs on it. */
export const pathWithNode = (): string => [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);

/**
 * `.sst/platform` holds the sources of SST's components, which the `sst` binary carries, and their npm packages. Installs
 * it when it is missing, of another version of SST, or made for another sst.config.ts (which names the providers).
 * @returns whether anything had to be installed.
 */
export const ensurePlatform = async (app: string, onProgress: (line: string) => void = () => {}): Promise<boolean> => {
  const wanted = (JSON.parse(readFileSync(join(app, "node_modules/sst/package.json"), "utf8")) as { version: string })
    .version;
  const config = createHash("sha256")
    .update(readFileSync(join(app, "sst.config.ts")))
    .digest("hex");
  const stamp = join(app, ".sst/platform/installed-for");
  const installed =
    readIfThere(join(app, ".sst/platform/version")).trim() === wanted &&
    existsSync(join(app, ".sst/provider-lock.json"));
  if (installed && readIfThere(stamp) === config) return false;
  if (!installed) onProgress(`Installing the SST ${wanted} platform (320 MB, once)`);
  const { code, output } = await runCommand(process.execPath, [sstCommand(app), "install", "--stage", "local"], {
    cwd: app,
    // npm does the work, so the caller's proxies, certificates and registry settings count.
    env: { ...(process.env as Record<string, string>), ...sstEnvironment(), PATH: pathWithNode() },
    timeout: 600_000,
  });
  if (code !== 0) throw new Error(`The SST platform could not be installed:\n${output.trim()}`);
  writeFileSync(stamp, config);
  return true;
};
