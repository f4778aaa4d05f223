/**
 * Takes each check of the authorizer and the policy apart, one change at a time (Stryker), and runs their tests: a change
 * that no test sees fails, unless tests/mutants/excused.json says why nobody could see it.
 *
 * `npm run mutants` judges every change, `-- --fast` only what is new since the last run, `-- token admission` the files
 * whose names hold a word.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compareMutants, type Excuse, type Report } from "../tests/mutants/compare.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), "utf8"));

const words = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const fast = process.argv.includes("--fast");
const { mutate, jsonReporter } = read("stryker.config.json") as {
  mutate: string[];
  jsonReporter: { fileName: string };
};

/** Stryker's patterns with braces, one for each file. */
const files = mutate.flatMap((pattern) => {
  const [, before = pattern, names = "", after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? [];
  return names.split(",").map((name) => `${before}${name}${after}`);
});
const chosen = words.length === 0 ? files : files.filter((file) => words.some((word) => file.includes(word)));
if (chosen.length === 0) throw new Error(`No file is named like ${words.join(" or ")}.`);

const args = ["run", ...(fast ? ["--incremental"] : []), "--mutate", chosen.join(",")];
const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` };
const since = Date.now();
const { status } = spawnSync("stryker", args, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
if (status === 0) {
  const result = compareMutants(read(jsonReporter.fileName) as Report, read("tests/mutants/excused.json") as Excuse[]);
  for (const survivor of result.survivors) console.log(`survived: ${survivor}`);
  const stale = words.length === 0 ? result.stale : [];
  for (const excuse of stale) console.log(`excused, and no longer there: ${excuse}`);
  const { mutants, killed, excused, ignored, survivors } = result;
  console.log(
    `${mutants} mutants of ${chosen.length} files: ${killed} killed, ${excused} excused, ${survivors.length} survived; ${ignored} not tried (${((Date.now() - since) / 1000).toFixed(0)} s)`,
  );
  process.exitCode = survivors.length + stale.length === 0 && mutants > 0 ? 0 : 1;
} else process.exitCode = 1;
