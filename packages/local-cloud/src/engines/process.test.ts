import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startEngine } from "./process.ts";

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A parent of its own that starts one engine and prints the engine's process number. */
const parent = `
import { startEngine } from ${JSON.stringify(new URL("./process.ts", import.meta.url).href)};
startEngine({
  command: process.execPath,
  args: ["-e", "console.log(process.pid); setInterval(() => {}, 1000)"],
  signal: "TERM",
  onLine: (line) => console.log(line),
});
`;

test("an engine ends when its parent is killed", async () => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", parent], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const pid = Number(text.toString());
  expect(alive(pid)).toBe(true);
  child.kill("SIGKILL");
  await expect.poll(() => alive(pid)).toBe(false);
});

test("stop waits for a clean end", async () => {
  const lines: string[] = [];
  const codes: (number | null)[] = [];
  const program =
    "process.on('SIGTERM', () => { console.log('bye'); process.exit(7) }); console.log('up'); setInterval(() => {}, 1000)";
  const engine = startEngine({
    command: process.execPath,
    args: ["-e", program],
    signal: "TERM",
    onLine: (line) => lines.push(line),
    onEnd: (code) => codes.push(code),
  });
  await expect.poll(() => lines).toEqual(["up"]);
  await engine.stop();
  expect(codes).toEqual([7]);
  await expect.poll(() => lines).toEqual(["up", "bye"]);
});

test("an engine that ends by itself is told of, with its code", async () => {
  const codes: (number | null)[] = [];
  const engine = startEngine({
    command: "/bin/sh",
    args: ["-c", "exit 3"],
    signal: "TERM",
    onEnd: (code) => codes.push(code),
  });
  await expect.poll(() => codes).toEqual([3]);
  await engine.stop();
});
