import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { runCommand, sstEnvironment } from "./command.ts";

const readIfThere = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

/**
 * The program that `node_modules/.bin/sst` runs. That script does not pass signals on, so the program is run without it.
 */
export const sstProgram = (app: string): string =>
  createRequire(join(app, "node_modules/sst/package.json")).resolve(
    `sst-${process.platform}-${process.arch}/bin/${process.platform === "win32" ? "sst.exe" : "sst"}`,
  );

/** The path with this process's Node first, so that whatever `sst` starts runs on it. */
export const pathWithNode = (): string => [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);

/** The providers that a config names, each with its version if it pins one. */
export const declaredProviders = (config: string): Map<string, string | undefined> => {
  const declared = new Map<string, string | undefined>();
  const block = /\bproviders\s*:\s*\{((?:[^{}]|\{[^{}]*\})*)\}/.exec(config)?.[1] ?? "";
  const flat = block.replace(/([\w-]+)["']?\s*:\s*\{([^{}]*)\}/g, (_, name: string, body: string) => {
    declared.set(name, /\bversion\s*:\s*["']([^"']+)["']/.exec(body)?.[1]);
    return "";
  });
  for (const [, name = "", version] of flat.matchAll(/([\w-]+)["']?\s*:\s*(?:["']([^"']+)["']|true)/g))
    declared.set(name, version);
  return declared;
};

const isInstalled = (app: string, wanted: string): boolean => {
  if (readIfThere(join(app, ".sst/platform/version")).trim() !== wanted) return false;
  const lock = readIfThere(join(app, ".sst/provider-lock.json"));
  if (lock === "") return false;
  const locked = new Map(
    (JSON.parse(lock) as { name: string; version: string }[]).map((one) => [one.name, one.version]),
  );
  const declared = declaredProviders(readFileSync(join(app, "sst.config.ts"), "utf8"));
  // `sst` installs again on any difference, a provider too many included.
  if (locked.size !== declared.size) return false;
  return [...declared].every(
    ([name, version]) => locked.has(name) && (version ?? locked.get(name)) === locked.get(name),
  );
};

/**
 * `.sst/platform` holds the sources of SST's components, which the `sst` binary carries, and their npm packages. Installs
 * it when it is missing, of another version of SST, or with other providers than sst.config.ts names.
 * @returns whether anything had to be installed.
 */
export const ensurePlatform = async (app: string, onProgress: (line: string) => void = () => {}): Promise<boolean> => {
  const manifest = JSON.parse(readFileSync(join(app, "node_modules/sst/package.json"), "utf8")) as { version: string };
  if (isInstalled(app, manifest.version)) return false;
  onProgress(`Installing the SST ${manifest.version} platform (320 MB, once)`);
  const { code, output } = await runCommand(sstProgram(app), ["install", "--stage", "local"], {
    cwd: app,
    // npm does the work, so the caller's proxies, certificates and registry settings count.
    env: { ...(process.env as Record<string, string>), ...sstEnvironment(), PATH: pathWithNode() },
    timeout: 600_000,
  });
  if (code !== 0) throw new Error(`The SST platform could not be installed:\n${output.trim()}`);
  return true;
};
