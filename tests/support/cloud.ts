import { readFileSync, rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { type Ready, startApp, temporaryFolder } from "./app.ts";

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
  const app = await startApp(data);
  provide("ready", app.ready);
  return async () => {
    const code = await app.stop();
    rmSync(data, { recursive: true, force: true });
    if (code !== 0) throw new Error(`The app ended with ${code}:\n${app.output}`);
  };
};
