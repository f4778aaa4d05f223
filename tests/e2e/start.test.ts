import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { onboard, poll, send, signIn } from "../support/api.ts";
import { processesOf, root, Run, startApp, temporaryFolder } from "../support/app.ts";

const folders: string[] = [];
const folder = () => {
  const made = temporaryFolder();
  folders.push(made);
  return made;
};
afterAll(() => folders.forEach((made) => rmSync(made, { recursive: true, force: true })));

const token = async (...args: string[]) =>
  promisify(execFile)("npm", ["run", "--silent", "token", "--", ...args], { cwd: root });

describe("npm start", () => {
  test("deploys, tells how to go on, keeps tenants, and leaves no process", async () => {
    const data = folder();
    const first = await startApp(data);
    const { api_url, admin } = first.ready;

    // the banner is printed after the file is written
    const banner = await poll(
      async () => first.output,
      (text) => text.includes("Ctrl-C"),
    );
    for (const part of [
      api_url,
      admin.email,
      admin.password,
      "npm run --silent token",
      "/admin/tenants",
      "api_calls",
      data,
    ])
      expect(banner).toContain(part);
    expect(banner).not.toMatch(/undefined|\[object/);

    const { stdout } = await token("--data", data);
    expect(stdout.trim().split(".")).toHaveLength(3);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    await expect(token("--data", data, "--email", admin.email, "--password", "wrong")).rejects.toMatchObject({
      code: 1,
    });

    const { accepted } = await onboard(first.ready, stdout.trim(), { name: "Yesterday Inc", tier: "trial" });
    expect(readdirSync(join(data, "mail")).length).toBeGreaterThan(0);
    expect(await first.stop("SIGINT")).toBe(0);
    expect(processesOf(data)).toEqual([]);

    const second = await startApp(data);
    const found = await send(second.ready, "GET", `/admin/tenants/${accepted.tenant.id}`, {
      token: await signIn(second.ready),
    });
    expect(found.body).toMatchObject({ name: "Yesterday Inc", status: "active" });
    expect(await second.stop("SIGTERM")).toBe(0);
    expect(processesOf(data)).toEqual([]);

    const fresh = await startApp(data, ["--fresh"]);
    const gone = await send(fresh.ready, "GET", `/admin/tenants/${accepted.tenant.id}`, {
      token: await signIn(fresh.ready),
    });
    expect(gone.status).toBe(404);
    expect(await fresh.stop()).toBe(0);
  });

  const refused = async (args: string[]) => {
    const run = new Run("scripts/start.ts", args);
    const code = await run.ended;
    return { code, lines: run.output.trim().split("\n") };
  };

  test("a port in use is one clear line", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { code, lines } = await refused(["--port", port, "--data", folder()]);
    server.close();
    expect([code, lines]).toEqual([1, [expect.stringContaining(port)]]);
  });

  test("a folder that cannot be made is one clear line", async () => {
    const { code, lines } = await refused(["--data", "/proc/nowhere/data"]);
    expect([code, lines]).toEqual([1, [expect.stringContaining("/proc/nowhere/data")]]);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that is not writable is one clear line", async () => {
    const data = join(folder(), "locked");
    mkdirSync(data);
    chmodSync(data, 0o500);
    const { code, lines } = await refused(["--data", data]);
    expect([code, lines]).toEqual([1, [expect.stringContaining(data)]]);
  });

  test.for([[["--prot", "1"]], [["--port", "http"]], [["--port", "70000"]]])(
    "an option that is wrong is one clear line: %s",
    async ([args]) => {
      const { code, lines } = await refused(args ?? []);
      expect(code).toBe(1);
      expect(lines).toHaveLength(1);
    },
  );

  test("a Node too old is one clear line", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "-e",
      `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } });
       process.exit = (code) => { console.log("exit", code); throw new Error("ended"); };
       process.argv = [process.argv[0], "bootstrap.mjs", "start"];
       import(${JSON.stringify(join(root, "scripts/bootstrap.mjs"))}).catch(() => {});`,
    ]).catch((error: { stdout: string }) => error);
    expect(stdout).toContain("exit 1");
  });
});
