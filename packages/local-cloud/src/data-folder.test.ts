import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataFolder } from "./data-folder.ts";

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "data-folder-"));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

test("keeps its seed, readable by its owner alone", async () => {
  const first = openDataFolder(data);
  await first.release();
  const second = openDataFolder(data);
  await second.release();
  expect(first.seed).toMatch(/^[0-9a-f]{64}$/);
  expect(second.seed).toBe(first.seed);
  expect(statSync(join(data, "seed")).mode & 0o777).toBe(0o600);
});

test("appends log lines with their time", async () => {
  const folder = openDataFolder(data);
  folder.log("hello");
  await folder.release();
  expect(readFileSync(join(data, "logs/cloud.log"), "utf8")).toMatch(/^\d{4}-\d\d-\d\dT\S+Z hello\n$/);
});

test("cannot be taken twice, and says by whom it is held", async () => {
  const folder = openDataFolder(data);
  expect(() => openDataFolder(data)).toThrow(`in use by process ${process.pid}`);
  expect(() => openDataFolder(data, { fresh: true })).toThrow("in use");
  await folder.release();
  await openDataFolder(data).release();
});

test("is free again after its holder was killed, whose announcement is gone", async () => {
  const holder = spawn(process.execPath, [
    "-e",
    `import(${JSON.stringify(join(import.meta.dirname, "data-folder.ts"))}).then(({ openDataFolder }) => {
       openDataFolder(${JSON.stringify(data)});
       console.log("held");
       setInterval(() => {}, 1000);
     });`,
  ]);
  await once(holder.stdout, "data");
  writeFileSync(join(data, "ready.json"), "{}");
  expect(() => openDataFolder(data)).toThrow(`in use by process ${holder.pid}`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const folder = openDataFolder(data);
  expect(existsSync(join(data, "ready.json"))).toBe(false);
  await folder.release();
});

test("fresh empties a folder of ours", async () => {
  const old = openDataFolder(data);
  await old.release();
  mkdirSync(join(data, "s3"));
  const fresh = openDataFolder(data, { fresh: true });
  await fresh.release();
  expect(fresh.seed).not.toBe(old.seed);
  expect(existsSync(join(data, "s3"))).toBe(false);
});

test("fresh leaves a folder alone that is not ours", () => {
  writeFileSync(join(data, "thesis.txt"), "years of work");
  expect(() => openDataFolder(data, { fresh: true })).toThrow("leaves it alone");
  expect(existsSync(join(data, "thesis.txt"))).toBe(true);
});

test("makes the folders above it too", async () => {
  await openDataFolder(join(data, "a/b/c")).release();
  expect(statSync(join(data, "a/b/c/seed")).size).toBe(64);
});

test.for([
  ["thesis.txt", "it is a file"],
  ["thesis.txt/data", "a part of the path is a file"],
  ["/proc/nowhere/data", "nothing can be created there"],
])("a path that cannot be a folder is one clear line: %s", ([path = "", why]) => {
  writeFileSync(join(data, "thesis.txt"), "");
  const target = resolve(data, path);
  const line = `The data folder ${target} cannot be used: ${why}. Choose another with --data.`;
  expect(() => openDataFolder(target)).toThrow(new Error(line));
});
