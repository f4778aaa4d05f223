import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openStore, type Store } from "../store.ts";
import { createTimetable } from "./timetable.ts";

let store: Store;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-20T10:00:00Z") });
  store = openStore(":memory:");
});
afterEach(() => {
  vi.useRealTimers();
  store.close();
});

const timetable = (expression: string, run: () => void) => {
  const table = createTimetable({ store, log: () => undefined }, "test");
  table.set([{ name: "job", expression, run }]);
  table.start();
  return table;
};

describe("a timetable", () => {
  test("runs at its rate", () => {
    const run = vi.fn<() => void>();
    const table = timetable("rate(5 minutes)", run);
    vi.advanceTimersByTime(4 * 60_000);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(12 * 60_000);
    expect(run).toHaveBeenCalledTimes(3);
    table.close();
  });

  test("goes on counting a rate across a restart", () => {
    const run = vi.fn<() => void>();
    timetable("rate(5 minutes)", run).close();
    vi.advanceTimersByTime(4 * 60_000);
    const table = timetable("rate(5 minutes)", run);
    vi.advanceTimersByTime(61_000);
    expect(run).toHaveBeenCalledTimes(1);
    table.close();
  });

  test("waits longer than a timer can", () => {
    const run = vi.fn<() => void>();
    const table = timetable("cron(0 0 1 3 ? 2027)", run);
    vi.advanceTimersByTime(100 * 24 * 3_600_000);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(24 * 3_600_000);
    expect(run).toHaveBeenCalledTimes(1);
    table.close();
  });

  test("goes on after a run that threw", () => {
    const run = vi.fn<() => void>(() => {
      throw new Error("no");
    });
    const table = timetable("rate(1 minute)", run);
    vi.advanceTimersByTime(125_000);
    expect(run).toHaveBeenCalledTimes(2);
    table.close();
  });
});
