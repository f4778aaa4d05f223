import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchSources } from "./watch.ts";

let root: string;
let stop: () => void = () => {};
const touch = (file: string) => writeFileSync(join(root, file), `${Math.random()}`);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "watch-"));
  for (const folder of ["functions/api", "packages/core/node_modules", "stacks", "workflows"])
    mkdirSync(join(root, folder), { recursive: true });
  touch("sst.config.ts");
});
afterEach(() => {
  stop();
  rmSync(root, { recursive: true, force: true });
});

test("tells the changed sources together, and of nothing else", async () => {
  const calls: (readonly string[])[] = [];
  stop = watchSources(root, async (files) => void calls.push(files), 50);
  await sleep(100);
  for (const file of ["functions/api/get.test.ts", "packages/core/node_modules/x.ts", "stacks/.hidden.ts"]) touch(file);
  await sleep(200);
  expect(calls).toEqual([]);
  for (const file of ["functions/api/get.ts", "stacks/api.ts", "sst.config.ts"]) touch(file);
  await vi.waitFor(() => expect(calls).toEqual([["functions/api/get.ts", "sst.config.ts", "stacks/api.ts"]]));
});

test("a change during a deployment is told after it", async () => {
  const calls: (readonly string[])[] = [];
  let running = 0;
  stop = watchSources(
    root,
    async (files) => {
      running += 1;
      expect(running).toBe(1);
      calls.push(files);
      if (calls.length === 1) touch("workflows/b.ts");
      await sleep(150);
      running -= 1;
    },
    50,
  );
  await sleep(100);
  touch("workflows/a.ts");
  await vi.waitFor(() => expect(calls).toEqual([["workflows/a.ts"], ["workflows/b.ts"]]));
});
