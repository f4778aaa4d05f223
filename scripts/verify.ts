/** Everything that must hold before a change lands: types, lint, format, unused code, API description, tests. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { compareGrants, type Deeds } from "../tests/support/unused-grants.ts";

const root = join(import.meta.dirname, "..");
const filters = process.argv.slice(2);
// Whatever the tests leave in the temporary folder goes with this one. PostgreSQL's own user must be able to enter it.
const scratch = mkdtempSync(join(tmpdir(), "tenantry-verify-"));
chmodSync(scratch, 0o755);

const checks: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["types of the app", "tsc", ["-p", "tsconfig.json"]],
  ["types of the stacks", "tsc", ["-p", "stacks/tsconfig.json"]],
  ["lint", "oxlint", ["--type-aware", "--report-unused-disable-directives", "--deny-warnings"]],
  ["format", "oxfmt", ["--check", "."]],
  ["unused code", "knip", []],
  ["API description", "redocly", ["lint", "docs/openapi.yaml"]],
];

/** Tests that run side by side. Those of one deployed app wait much for what they test, and the others need the time. */
const suites: readonly (readonly [name: string, projects: readonly string[]])[] =
  filters.length > 0
    ? [["tests", []]]
    : [
        ["tests of the deployed app's API", ["cloud-api"]],
        ["tests of its workflows and meters", ["cloud-flows"]],
        ["tests of deployments and of whole clouds", ["infra", "e2e"]],
        ["tests of the code", ["unit"]],
      ];

const bin = join(root, "node_modules/.bin");
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${bin}:${process.env["PATH"] ?? ""}`,
  REDOCLY_TELEMETRY: "off",
  TMPDIR: scratch,
};
// Only all tests together can tell which permissions nobody uses.
const grants = join(scratch, "grants");
if (filters.length === 0) {
  mkdirSync(grants);
  env["TENANTRY_GRANTS"] = grants;
}

const failed: string[] = [];
const ended = (name: string, since: number, ok: boolean): void => {
  if (!ok) failed.push(name);
  console.log(`${ok ? "✓" : "✗"} ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
};

for (const [name, command, args] of checks) {
  const since = Date.now();
  const run = spawnSync(command, args, { cwd: root, env, stdio: "pipe", encoding: "utf8" });
  if (run.status !== 0) process.stdout.write(`${run.stdout ?? ""}${run.stderr ?? ""}${run.error?.message ?? ""}\n`);
  ended(name, since, run.status === 0);
}

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** What failed, by name: two runs print into one another, and the end is what people look at. */
const failures = ({ testResults }: Results): string[] =>
  testResults
    .filter(({ status }) => status === "failed")
    .flatMap(({ name, assertionResults }) => {
      const file = relative(root, name);
      const tests = assertionResults.filter(({ status }) => status === "failed");
      return tests.length > 0 ? tests.map(({ fullName }) => `${file}: ${fullName}`) : [file];
    });

const counts = { passed: 0, failed: 0, skipped: 0 };
const runSuite = async (name: string, projects: readonly string[]): Promise<void> => {
  const since = Date.now();
  const report = join(scratch, `${name.replaceAll(" ", "-")}.json`);
  const chosen = projects.flatMap((project) => ["--project", project]);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const tests = spawn("vitest", ["run", ...chosen, ...reporters, ...filters], { cwd: root, env, stdio: "inherit" });
  const code = await new Promise<number | null>((resolve) => {
    tests.on("error", () => resolve(null));
    tests.on("close", resolve);
  });
  try {
    const results = JSON.parse(readFileSync(report, "utf8")) as Results;
    counts.passed += results.numPassedTests;
    counts.failed += results.numFailedTests;
    counts.skipped += results.numPendingTests;
    ended(name, since, code === 0 && results.numPassedTests > 0);
    failed.push(...failures(results));
  } catch {
    console.log("The test runner wrote no report.");
    ended(name, since, false);
  }
};
await Promise.all(suites.map(([name, projects]) => runSuite(name, projects)));

/** What functions may do and no test makes them do is refused, unless there is a reason. */
const checkGrants = (): void => {
  const since = Date.now();
  const deeds = readdirSync(grants).map((file) => JSON.parse(readFileSync(join(grants, file), "utf8")) as Deeds);
  const { granted, used, excused, unused } = compareGrants(deeds);
  console.log(`Permissions of functions: ${granted} granted, ${used} used, ${excused} excused`);
  if (unused.length > 0) console.log(`Granted, never used by a test of the deployed app:\n${unused.join("\n")}`);
  ended("permissions", since, granted > 0 && unused.length === 0);
};
if (filters.length === 0) checkGrants();
rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });

for (const name of failed) console.log(`failed: ${name}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = failed.length === 0 ? 0 : 1;
