import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deploySst } from "@tenantry/local-cloud/deploy/sst";
import type { Facts } from "@tenantry/local-cloud/deploy/facts";
import type { Graph } from "@tenantry/local-cloud/deploy/graph";
import { root, temporaryFolder } from "../support/app.ts";

const facts: Facts = {
  account: "123456789012",
  region: "us-east-1",
  endpoint: "http://127.0.0.1:4001",
  apiUrl: "http://127.0.0.1:4000",
  postgres: { host: "127.0.0.1", port: 5432 },
  seed: "00".repeat(32),
};

export const settings = { PLATFORM_ADMIN_EMAIL: "admin@example.com", MAIL_SENDER: "no-reply@example.com" };

/** Deploys a folder's app for its graph alone. */
export const deploy = (stage: string, options: { app?: string; env?: Record<string, string> } = {}): Promise<Graph> =>
  deploySst({ app: root, stage, workdir: temporaryFolder(), facts, env: settings, ...options });

const left = new Set([".git", "node_modules", ".local", ".sst", "tests", "docs", "coverage"]);

/** One slip: in this file, this becomes that. */
export type Slip = { file: string; from: string; to: string };

/** A copy of the app with these slips in it. Each must change something. */
export const brokenApp = (...slips: Slip[]): string => {
  const copy = temporaryFolder();
  for (const entry of readdirSync(root).filter((name) => !left.has(name)))
    cpSync(join(root, entry), join(copy, entry), { recursive: true });
  for (const entry of ["node_modules", ".sst", "docs"]) symlinkSync(join(root, entry), join(copy, entry));
  for (const { file, from, to } of slips) {
    const before = readFileSync(join(copy, file), "utf8");
    const after = before.replace(from, to);
    if (after === before) throw new Error(`The slip leaves ${file} as it was.`);
    writeFileSync(join(copy, file), after);
  }
  return copy;
};

export const discard = (folder: string): void => rmSync(folder, { recursive: true, force: true });
