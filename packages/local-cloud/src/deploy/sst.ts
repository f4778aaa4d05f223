import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand, sstEnvironment } from "./command.ts";
import { compileCache } from "./compile-cache.ts";
import type { Capture } from "./engine.ts";
import type { Facts } from "./facts.ts";
import { DeployError } from "./failure.ts";
import type { Graph } from "./graph.ts";
import { ensurePlatform, pathWithNode, sstProgram } from "./platform.ts";
import { copyApp } from "./scratch.ts";
import { startSstState } from "./sst-state.ts";

export type DeployOptions = {
  /** The folder of sst.config.ts. It is only read. */
  readonly app: string;
  readonly stage: string;
  /** Both run the whole program; `deploy` also builds each function's zip. */
  readonly command?: "deploy" | "diff";
  /** A folder of this installation's own, kept between runs: the copy of the app, its zips, the captured graph. */
  readonly workdir: string;
  readonly facts: Facts;
  /** What the deploying shell would export, such as the first admin's address. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

/** Puts the engine where `sst` looks for its own download of Pulumi. */
const installEngine = (config: string): void => {
  const bin = join(config, "sst", "bin");
  const engine = fileURLToPath(new URL("./engine.ts", import.meta.url));
  mkdirSync(bin, { recursive: true });
  // It makes much garbage in a short time: room for the young, and for the old before they are looked through, saves two
  // seconds of collecting.
  const heap = "--min-semi-space-size=128 --max-semi-space-size=128 --initial-old-space-size=1024";
  const node = `${quoted(process.execPath)} ${heap}`;
  writeFileSync(join(bin, "pulumi"), `#!/bin/sh\nexec ${node} ${quoted(engine)} "$@"\n`);
  chmodSync(join(bin, "pulumi"), 0o755);
};

// `sst` prints the API's AWS address; here clients reach the API elsewhere.
const withLocalAddress = (outputs: Record<string, unknown>, { apiUrl, region }: Facts): Record<string, unknown> => {
  const invokeUrl = new RegExp(`^https://[a-z0-9]{10}\\.execute-api\\.${region}\\.amazonaws\\.com/[^/]+`);
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([key]) => !key.startsWith("_"))
      .map(([key, value]) => [key, typeof value === "string" ? value.replace(invokeUrl, apiUrl) : value]),
  );
};

/**
 * Runs the real `sst` on a copy of the app, with the engine of this folder in place of Pulumi's, and returns what the
 * app's stacks came to.
 * @throws DeployError with the app's own error when the deployment fails.
 */
export const deploySst = async (options: DeployOptions): Promise<Graph> => {
  const { app, stage, workdir, facts, command = "deploy" } = options;
  await ensurePlatform(app);
  mkdirSync(workdir, { recursive: true, mode: 0o700 });
  const copy = copyApp(app, workdir);
  const config = join(workdir, "config");
  installEngine(config);
  const factsFile = join(workdir, "facts.json");
  const captureFile = join(workdir, "graph.json");
  writeFileSync(factsFile, JSON.stringify(facts), { mode: 0o600 });
  rmSync(captureFile, { force: true });

  const state = await startSstState(facts.account, facts.region);
  try {
    const { code, output } = await runCommand(sstProgram(app), [command, "--stage", stage], {
      cwd: copy,
      timeout: 180_000,
      signal: options.signal,
      env: {
        ...sstEnvironment(),
        PATH: pathWithNode(),
        HOME: workdir,
        XDG_CONFIG_HOME: config,
        NODE_COMPILE_CACHE: compileCache(app),
        AWS_ENDPOINT_URL: state.url,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_EC2_METADATA_DISABLED: "true",
        LOCAL_CLOUD_FACTS: factsFile,
        LOCAL_CLOUD_CAPTURE: captureFile,
        ...options.env,
      },
    });
    const capture = existsSync(captureFile) ? (JSON.parse(readFileSync(captureFile, "utf8")) as Capture) : undefined;
    if (code !== 0 || capture === undefined || capture.errors.length > 0) {
      throw new DeployError({ command, errors: capture?.errors ?? [], output, copy });
    }
    return {
      project: capture.project,
      stage: capture.stage,
      region: capture.region,
      account: facts.account,
      outputs: withLocalAddress(capture.outputs, { ...facts, region: capture.region }),
      resources: capture.resources,
      assets: copy,
    };
  } finally {
    await state.close();
  }
};
