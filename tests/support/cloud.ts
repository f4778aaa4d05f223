import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Graph } from "@tenantry/local-cloud/deploy/graph";
import type { TestProject } from "vitest/node";
import { type Ready, startApp, temporaryFolder } from "./app.ts";
import { ask } from "./aws.ts";
import { impatient } from "./crash/stage.ts";
import { grantsOf } from "./grants.ts";
import { compareGrants } from "./unused-grants.ts";

/** Says what functions may do and what of it the tests made them do. */
const reportGrants = async (ready: Ready): Promise<void> => {
  const graph = JSON.parse(readFileSync(join(ready.data, "deploy/graph.json"), "utf8")) as Graph;
  const { used } = JSON.parse(await ask(ready, "permissions", "/_permissions")) as { used: Record<string, string[]> };
  const report = compareGrants(grantsOf(graph), used);
  const { granted, unused } = report;
  process.stdout.write(
    `Permissions of functions: ${granted} granted, ${report.used} used, ${report.excused} excused\n`,
  );
  if (granted === 0) throw new Error("No function may do anything.");
  process.stdout.write(`Granted and never used by a test of the deployed app:\n${unused.join("\n")}\n`);
};

/**
 * Starts the app once for all tests of the project, as `npm start` does, on a data folder of its own. With
 * `TENANTRY_READY` set to the `ready.json` of a cloud that runs already, the tests use that one.
 */
export const setup = async ({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const running = process.env["TENANTRY_READY"];
  if (running !== undefined && running !== "") {
    provide("ready", JSON.parse(readFileSync(running, "utf8")) as Ready);
    return undefined;
  }
  const data = temporaryFolder();
  // The webhooks' tests receive on this machine.
  process.env["WEBHOOK_ALLOWED_HOSTS"] ??= "localhost";
  impatient();
  // The tests of single sign-on have an identity provider on this machine.
  process.env["SSO_ALLOWED_HOSTS"] ??= "localhost";
  const app = await startApp(data);
  provide("ready", app.ready);
  return async () => {
    if (process.env["TENANTRY_GRANTS"] === "report") await reportGrants(app.ready);
    const code = await app.stop();
    rmSync(data, { recursive: true, force: true });
    if (code !== 0) throw new Error(`The app ended with ${code}:\n${app.output}`);
  };
};
