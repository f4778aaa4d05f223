import { watch } from "node:fs";
import { join } from "node:path";

const watched = ["functions", "packages", "stacks", "workflows", "sst.config.ts"];

const counts = (file: string): boolean =>
  !/(^|\/)(node_modules|\.[^/]+|coverage|__snapshots__)(\/|$)/.test(file) && !/\.test\.ts$|~$/.test(file);

/**
 * Calls `onChange` with the files that changed, once they have been quiet for a moment, and never while an earlier call is
 * still running: what changes meanwhile goes into the next call.
 * @returns a function that ends it.
 */
export const watchSources = (
  root: string,
  onChange: (files: readonly string[]) => Promise<void>,
  quietMs = 300,
): (() => void) => {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  const flush = async (): Promise<void> => {
    if (running || changed.size === 0) return;
    running = true;
    const files = [...changed].toSorted();
    changed.clear();
    try {
      await onChange(files);
    } finally {
      running = false;
      schedule();
    }
  };
  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), quietMs);
  };
  const watchers = watched.map((entry) =>
    watch(join(root, entry), { recursive: !entry.endsWith(".ts") }, (_, name) => {
      const file = name === null || entry.endsWith(".ts") ? entry : join(entry, name);
      if (!counts(file)) return;
      changed.add(file);
      if (!running) schedule();
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
};
