import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const leftOut = new Set(["node_modules", ".git", ".sst", ".local", "coverage", "sst-env.d.ts"]);

/**
 * Copies an app to `<workdir>/app`, where `sst` may write: its state, its outputs and its generated types never reach the
 * original. Dependencies and the platform are linked. What `sst` made there before (bundles, zips) stays.
 */
export const copyApp = (app: string, workdir: string): string => {
  const copy = join(workdir, "app");
  mkdirSync(join(copy, ".sst"), { recursive: true });
  for (const entry of readdirSync(copy))
    if (entry !== ".sst") rmSync(join(copy, entry), { recursive: true, force: true });

  // The data folder, this one's or another's, may lie within the app.
  const isData = (path: string): boolean =>
    path === workdir || (path !== app && path === dirname(workdir)) || existsSync(join(path, "store.sqlite"));
  for (const entry of readdirSync(app)) {
    if (leftOut.has(entry)) continue;
    cpSync(join(app, entry), join(copy, entry), {
      recursive: true,
      filter: (source) => !leftOut.has(basename(source)) && !isData(source),
    });
  }
  symlinkSync(join(app, "node_modules"), join(copy, "node_modules"));

  // `sst` writes into the platform's folder, so the folder and its files are the copy's own; what is large is linked.
  const platform = join(copy, ".sst/platform");
  rmSync(platform, { recursive: true, force: true });
  mkdirSync(platform);
  for (const entry of readdirSync(join(app, ".sst/platform"), { withFileTypes: true })) {
    const original = join(app, ".sst/platform", entry.name);
    if (entry.isDirectory()) symlinkSync(original, join(platform, entry.name));
    else if (!entry.name.endsWith(".mjs")) cpSync(original, join(platform, entry.name));
  }
  cpSync(join(app, ".sst/provider-lock.json"), join(copy, ".sst/provider-lock.json"));
  for (const grown of ["pulumi", "log"]) rmSync(join(copy, ".sst", grown), { recursive: true, force: true });
  return copy;
};
