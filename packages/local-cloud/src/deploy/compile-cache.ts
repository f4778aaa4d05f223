import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const largest = 128 * 1024 * 1024;

const sizeOf = (folder: string): number => {
  let size = 0;
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    size += statSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0;
  return size;
};

/**
 * Where Node keeps the compiled code of SST's components, which then load three times faster. Each deployment bundles its
 * program under another name and adds half a megabyte for nothing, so the folder is emptied when it has grown.
 */
export const compileCache = (app: string): string => {
  const folder = join(app, "node_modules/.cache/local-cloud");
  try {
    if (sizeOf(folder) > largest) rmSync(folder, { recursive: true, force: true });
  } catch {
    // Not there yet, or another deployment writes to it: it is a cache, nothing depends on it.
  }
  return folder;
};
