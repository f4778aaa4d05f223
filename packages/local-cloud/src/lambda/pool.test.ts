import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Environment } from "./environment.ts";
import { createGate } from "./gate.ts";
import { createPool } from "./pool.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

/** An environment that takes so long over each invocation. */
const taking = (milliseconds: number): Environment => {
  let busy = false;
  return {
    bornAt: Date.now(),
    idleSince: Date.now(),
    get busy() {
      return busy;
    },
    alive: true,
    ready: Promise.resolve(null),
    accessKeyId: undefined,
    running: null,
    async invoke() {
      busy = true;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      busy = false;
      return { requestId: "r", tail: "" };
    },
    timeOut: async () => undefined,
    kill: async () => undefined,
    close: async () => undefined,
  };
};

/** How many environments are started for so many invocations that come at once. */
const startedFor = async (invocations: number, milliseconds: number): Promise<number> => {
  let started = 0;
  const start = () => {
    started += 1;
    return taking(milliseconds);
  };
  const limits = { concurrency: 5, plenty: 2, queue: 100, patience: 100, idle: 60_000, age: 60_000 };
  const pool = createPool(start, createGate(2), limits);
  const waiting = new Set(Array.from({ length: invocations }, () => pool.invoke("{}")));
  for (const one of waiting) void one.then(() => waiting.delete(one));
  while (waiting.size > 0) await vi.advanceTimersByTimeAsync(5);
  await pool.close();
  return started;
};

test("short work that comes at once waits for few environments", async () => {
  expect(await startedFor(15, 5)).toBe(1);
  expect(await startedFor(100, 10)).toBe(2);
});

test("long work that comes at once gets as many environments as there may be", async () => {
  expect(await startedFor(15, 1000)).toBe(5);
});
