/**
 * Counts a million events under faults, and compares each bucket with a naive fold; on a cloud of its own, or the one of
 * `TENANTRY_READY`. `npm run bench:exact -- --events N --seed N`
 */
import { readFileSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { exact } from "../tests/bench/exact.ts";
import { type Ready, startApp, temporaryFolder } from "../tests/support/app.ts";

const { values } = parseArgs({
  options: { events: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});

const running = process.env["TENANTRY_READY"];
const data = temporaryFolder();
const app = running === undefined ? await startApp(data) : undefined;
try {
  const ready = app?.ready ?? (JSON.parse(readFileSync(running ?? "", "utf8")) as Ready);
  const differ = await exact(ready, { events: Number(values.events), seed: Number(values.seed) });
  process.exitCode = differ > 0 ? 1 : 0;
} finally {
  await app?.stop();
  rmSync(data, { recursive: true, force: true });
}
