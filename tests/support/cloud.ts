import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Graph } from "@tenantry/local-cloud/deploy/graph";
import type { TestProject } from "vitest/node";
import { type Ready, startApp, temporaryFolder } from "./app.ts";
import { ask } from "./aws.ts";
import { impatient } from "./crash/stage.ts";
import { exporting } from "./exports.ts";
import { grantsOf } from "./grants.ts";
import { deedsOf } from "./unused-grants.ts";

/** Writes down what functions may do and what of it the tests made them do. */
const noteGrants = async (ready: Ready, folder: string, project: string): Promise<void> => {
  const graph = JSON.parse(readFileSync(join(ready.data, "deploy/graph.json"), "utf8")) as Graph;
  const { used } = JSON.parse(await ask(ready, "permissions", "/_permissions")) as { used: Record<string, string[]> };
  writeFileSync(join(folder, `${project}.json`), JSON.stringify(deedsOf(grantsOf(graph), used)));
};

/**
 * Starts the app once for all tests of the project, as `npm start` does, on a data folder of its own. With
 * `TENANTRY_READY` set to the `ready.json` of a cloud that runs already, the tests use that one.
 */
export const setup = async ({ name, provide }: TestProject): Promise<(() => Promise<void>) | undefined> => {
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
  // One function more, which the other projects need not deploy.
  if (name === "cloud-flows") await exporting();
  const app = await startApp(data);
  provide("ready", app.ready);
  return async () => {
    const grants = process.env["TENANTRY_GRANTS"];
    if (grants !== undefined) await noteGrants(app.ready, grants, name);
    const code = await app.stop();
    rmSync(data, { recursive: true, force: true });
    if (code !== 0) throw new Error(`The app ended with ${code}:\n${app.output}`);
  };
};
