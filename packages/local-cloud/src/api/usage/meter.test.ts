import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Collection } from "../../store.ts";
import { createMeter } from "./meter.ts";
import type { UsagePlan } from "./model.ts";

const inMemory = (): Collection<number> => {
  const map = new Map<string, number>();
  return {
    get: (key) => map.get(key),
    put: (key, value) => void map.set(key, value),
    delete: (key) => void map.delete(key),
    list: (prefix = "") => [...map].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value })),
  };
};

const plan = (more: Partial<UsagePlan>): UsagePlan => ({ id: "plan", name: "plan", apiStages: [], tags: {}, ...more });
const midnight = Date.parse("2026-11-20T00:00:00Z");

test("whatever the pace, no span admits more than the burst and what the rate adds, and nobody below it is refused", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }),
      (rateLimit, burstLimit, pauses) => {
        let now = midnight;
        const meter = createMeter(inMemory(), () => now);
        const limited = plan({ throttle: { rateLimit, burstLimit } });
        const admitted: number[] = [];
        for (const pause of pauses) {
          now += pause;
          if (meter.admit(limited, "key") === "admitted") admitted.push(now);
        }
        for (const [from, start] of admitted.entries())
          for (const [more, end] of admitted.slice(from).entries())
            expect(more + 1).toBeLessThanOrEqual(burstLimit + ((end - start) / 1000) * rateLimit + 1e-6);
        const slow = createMeter(inMemory(), () => (now += Math.ceil(1000 / rateLimit)));
        for (const _ of pauses) expect(slow.admit(limited, "key")).toBe("admitted");
      },
    ),
    { numRuns: 100 },
  );
});

test("a quota is of the UTC day or month, by key, outlives a restart, and takes no refused requests", () => {
  let now = midnight;
  const counts = inMemory();
  const meter = createMeter(counts, () => now);
  const daily = plan({ quota: { limit: 3, period: "DAY" }, throttle: { rateLimit: 1000, burstLimit: 2 } });
  const tryAt = (later: number, key = "one") => {
    now += later;
    return meter.admit(daily, key);
  };
  expect([tryAt(0), tryAt(0), tryAt(0), tryAt(10), tryAt(10)]).toEqual([
    "admitted",
    "admitted",
    "THROTTLED",
    "admitted",
    "QUOTA_EXCEEDED",
  ]);
  expect(tryAt(0, "other")).toBe("admitted");
  expect(meter.used("plan", "one", "2026-11-20")).toBe(3);
  expect(createMeter(counts, () => now).admit(daily, "one")).toBe("QUOTA_EXCEEDED");
  expect(tryAt(86_400_000)).toBe("admitted");
  expect(meter.used("plan", "one", "2026-11-21")).toBe(1);

  const monthly = plan({ quota: { limit: 4, period: "MONTH" } });
  expect([meter.admit(monthly, "one"), tryAt(86_400_000), meter.admit(monthly, "one")]).toEqual([
    "QUOTA_EXCEEDED",
    "admitted",
    "QUOTA_EXCEEDED",
  ]);
  now = Date.parse("2026-12-01T00:00:00Z");
  expect(meter.admit(monthly, "one")).toBe("admitted");
});
