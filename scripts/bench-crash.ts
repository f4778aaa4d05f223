/**
 * Runs crash schedules against clouds of its own, or the one of `TENANTRY_READY`, and prints what they violate.
 * `npm run bench:crash -- --seed N --pairs M [--tiers trial,standard] [--singles every|sample|none] [--alone]
 *   [--kill] [--only SCHEDULE] [--clouds N]`
 */
import { readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { crash, type CrashOptions } from "../tests/bench/crash.ts";
import { type Ready, startApp, temporaryFolder } from "../tests/support/app.ts";
import { impatient, unobserved } from "../tests/support/crash/stage.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    pairs: { type: "string", default: "540" },
    tiers: { type: "string", default: "trial,standard,business,premium" },
    singles: { type: "string", default: "every" },
    alone: { type: "boolean", default: false },
    kill: { type: "boolean", default: false },
    only: { type: "string" },
    // A cloud keeps one processor busy, and no other.
    clouds: { type: "string", default: String(Math.min(4, availableParallelism())) },
  },
});

const running = process.env["TENANTRY_READY"];
impatient();
const side = values.only === undefined ? Number(values.clouds) : 1;
const own = running === undefined ? side : 0;
const folders = Array.from({ length: own }, temporaryFolder);
const apps = await Promise.all(folders.map((folder) => startApp(folder)));
try {
  await Promise.all(apps.map(({ ready }) => unobserved(ready)));
  const clouds =
    running === undefined ? apps.map(({ ready }) => ready) : [JSON.parse(readFileSync(running, "utf8")) as Ready];
  const violations = await crash(clouds, {
    seed: Number(values.seed),
    pairs: Number(values.pairs),
    tiers: values.tiers.split(","),
    singles: values.singles as CrashOptions["singles"],
    alone: values.alone,
    kill: values.kill,
    ...(values.only === undefined ? {} : { only: values.only }),
  });
  process.exitCode = violations > 0 ? 1 : 0;
} finally {
  await Promise.all(apps.map((app) => app.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
