import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "rolldown";
import { bundleInput, bundleOutput } from "../../stacks/bundle-options.ts";
import { root, temporaryFolder } from "../support/app.ts";
import type { Row } from "./bench.ts";

const processes = 15;

const settings = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  CONTROL_TABLE: "control",
  USER_POOL_ID: "us-east-1_Benchmark",
  USER_POOL_CLIENT_ID: "benchmarkclient",
  PLATFORM_USAGE_KEY: "platform",
  SHARED_USAGE_KEY: "others",
};

/** Wall time and CPU time in milliseconds of importing a module, or nothing but the built-in ones it takes, in a new process. */
const imported = (modules: readonly string[]): { readonly wall: number; readonly cpu: number } => {
  const script = `
    const since = performance.now();
    const before = process.cpuUsage();
    for (const each of ${JSON.stringify(modules)}) await import(each);
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ wall: performance.now() - since, cpu: (user + system) / 1000 }));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    env: settings,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as { wall: number; cpu: number };
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** The authorizer's bundle as it is deployed: its size, and what a cold start takes to import it. */
export const authorizerBundle = async (): Promise<Row[]> => {
  const folder = temporaryFolder();
  try {
    const { output } = await build({
      cwd: root,
      input: { authorizer: "functions/triggers/authorizer.ts" },
      ...bundleInput,
      output: { ...bundleOutput, dir: folder },
    });
    const code = output.map((file) => (file.type === "chunk" ? file.code : "")).join("");
    const bundle = pathToFileURL(join(folder, "authorizer.mjs")).href;
    const builtIns = [...code.matchAll(/(?:from|import|require\()\s*["'`]((?:node:)?[a-z_/]+)["'`]/g)].flatMap(
      ([, name]) => name ?? [],
    );
    const runs = Array.from({ length: processes }, () => ({ own: imported([bundle]), bare: imported(builtIns) }));
    const of = (which: "own" | "bare", time: "wall" | "cpu") => median(runs.map((run) => run[which][time]));
    const modules = `for Node's own modules in it`;
    return [
      {
        measure: "bundle, as deployed",
        value: Buffer.byteLength(code) / 1000,
        unit: "kB",
        beside: { what: "compressed", value: gzipSync(code).byteLength / 1000 },
        aim: { of: "value", atMost: 60 },
      },
      {
        measure: `import in a new process, median of ${processes}`,
        value: of("own", "wall"),
        unit: "ms",
        beside: { what: modules, value: of("bare", "wall") },
        aim: { of: "value", atMost: 20 },
      },
      {
        measure: "the same in CPU time",
        value: of("own", "cpu"),
        unit: "ms",
        beside: { what: modules, value: of("bare", "cpu") },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
};
