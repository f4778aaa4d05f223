/** Measures and prints; writes bench-results.json. `npm run bench -- metering` runs the benches whose name holds the word. */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { api } from "../tests/bench/api.ts";
import { authorizer } from "../tests/bench/authorizer.ts";
import { headings, line, type Row } from "../tests/bench/bench.ts";
import { manyTenants } from "../tests/bench/many-tenants.ts";
import { metering } from "../tests/bench/metering.ts";
import { onboarding } from "../tests/bench/onboarding.ts";

const wanted = process.argv[2] ?? "";
const results: Record<string, Row[]> = {};

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}`);
for (const bench of [authorizer, api, metering, onboarding, manyTenants].filter(({ name }) => name.includes(wanted))) {
  console.log(`\n${bench.name}`);
  const rows = await bench.run();
  results[bench.name] = rows;
  const cells = [headings, ...rows.map(line)];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of cells)
    console.log(
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`,
    );
}
writeFileSync(
  join(import.meta.dirname, "../bench-results.json"),
  `${JSON.stringify({ at: new Date().toISOString(), node: process.versions.node, results }, null, 2)}\n`,
);
