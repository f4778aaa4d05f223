/** Everything that must hold before a change lands: types, lint, format, unused code, API description, tests. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
// Whatever the tests leave in the temporary folder goes with this one. PostgreSQL's own user must be able to enter it.
const scratch = mkdtempSync(join(tmpdir(), "tenantry-verify-"));
chmodSync(scratch, 0o755);
const report = join(scratch, "report.json");

const checks: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["types of the app", "tsc", ["-p", "tsconfig.json"]],
  ["types of the stacks", "tsc", ["-p", "stacks/tsconfig.json"]],
  ["lint", "oxlint", ["--type-aware"]],
  ["format", "oxfmt", ["--check", "."]],
  ["unused code", "knip", []],
  ["API description", "redocly", ["lint", "docs/openapi.yaml"]],
  [
    "tests",
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...process.argv.slice(2)],
  ],
];

const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
const bin = join(root, "node_modules/.bin");
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${bin}:${process.env["PATH"] ?? ""}`,
  REDOCLY_TELEMETRY: "off",
  TMPDIR: scratch,
};
// Only all tests together can tell which permissions nobody uses.
if (process.argv.length === 2) env["TENANTRY_GRANTS"] = "report";

const failed = checks.filter(([name, command, args]) => {
  const since = Date.now();
  const quiet = command !== "vitest";
  const run = spawnSync(command, args, { cwd: root, env, stdio: quiet ? "pipe" : "inherit", encoding: "utf8" });
  const ok = run.status === 0;
  if (!ok && quiet) process.stdout.write(`${run.stdout ?? ""}${run.stderr ?? ""}${run.error?.message ?? ""}\n`);
  console.log(`${ok ? "✓" : "✗"} ${name} (${seconds(since)})`);
  return !ok;
});

type Report = { numPassedTests: number; numFailedTests: number; numPendingTests: number };
let counts: Report | undefined;
try {
  counts = JSON.parse(readFileSync(report, "utf8")) as Report;
} catch {
  console.log("The test runner wrote no report.");
}
rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });

for (const [name] of failed) console.log(`failed: ${name}`);
if (counts)
  console.log(`${counts.numPassedTests} passed, ${counts.numFailedTests} failed, ${counts.numPendingTests} skipped`);
process.exitCode = failed.length === 0 && counts !== undefined && counts.numPassedTests > 0 ? 0 : 1;
