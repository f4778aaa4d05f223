/** Measures and prints; writes bench-results.json. `npm run bench -- metering` runs the benches whose name holds the word. */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { api } from "../tests/bench/api.ts";
import { authorizer } from "../tests/bench/authorizer.ts";
import { type Row, table } from "../tests/bench/bench.ts";
import { manyTenants } from "../tests/bench/many-tenants.ts";
import { metering } from "../tests/bench/metering.ts";
import { onboarding } from "../tests/bench/onboarding.ts";

const wanted = process.argv[2] ?? "";
const benches = [authorizer, api, metering, onboarding, manyTenants];
const chosen = benches.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0)
  throw new Error(`There is none of that name but ${benches.map(({ name }) => name).join(", ")}.`);

const results: Record<string, Row[]> = {};
console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}`);
for (const bench of chosen) {
  const { name } = bench;
  console.log(`\n${name}`);
  try {
    const rows = await bench.run();
    results[name] = rows;
    for (const line of table(rows)) console.log(`  ${line}`);
  } catch (error) {
    // The others are measured all the same.
    console.error(error);
    process.exitCode = 1;
  }
  writeFileSync(
    join(import.meta.dirname, "../bench-results.json"),
    `${JSON.stringify({ at: new Date().toISOString(), node: process.versions.node, results }, null, 2)}\n`,
  );
}
