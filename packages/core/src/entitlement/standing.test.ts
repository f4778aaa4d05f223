import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseMicros } from "../billing/quantity.ts";
import { Problem } from "../problem.ts";
import { permissions, platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { admission, memoryMs } from "./admit.ts";
import { differs, judge, newStanding, type Standing } from "./standing.ts";

const tenant = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";
const month = "2026-11";
const quotas = { api_calls: { soft: "100", hard: "200" } };
const used = (quantity: string) => new Map([["api_calls", parseMicros(quantity)]]);
const before = newStanding(tenant, month);

test.for([
  ["79.999999", [], []],
  ["80", ["soft 80"], []],
  ["100", ["soft 80", "soft 100"], []],
  ["160", ["soft 80", "soft 100", "hard 80"], []],
  ["199.999999", ["soft 80", "soft 100", "hard 80"], []],
  ["200", ["soft 80", "soft 100", "hard 80", "hard 100"], ["200"]],
] as const)("%s of 100 and 200 crosses %j and exceeds %j", ([quantity, crossed, exceeded]) => {
  const judged = judge(before, quotas, used(quantity), month);
  expect(judged.crossed.map(({ quota, threshold }) => `${quota} ${threshold}`)).toEqual(crossed);
  expect(judged.standing.exceeded.map(({ limit }) => limit)).toEqual(exceeded);
});

test("each threshold is told of once a month, however usage and limits move", () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ used: fc.bigInt({ min: 0n, max: 300_000_000n }), limit: fc.constantFrom("50", "100", "200") }),
        { maxLength: 20 },
      ),
      (looks) => {
        let standing: Standing = before;
        const all: string[] = [];
        for (const { used: micros, limit } of looks) {
          const now = { api_calls: { soft: limit, hard: limit } };
          const judged = judge(standing, now, new Map([["api_calls", micros]]), month);
          all.push(...judged.crossed.map(({ quota, threshold }) => `${quota} ${threshold}`));
          expect(judged.standing.exceeded.length > 0).toBe(micros >= parseMicros(limit));
          expect(differs(standing, judged.standing) || judged.crossed.length === 0).toBe(true);
          standing = judged.standing;
        }
        expect(new Set(all).size).toBe(all.length);
      },
    ),
  ));

test("a new month begins from nothing", () => {
  const { standing } = judge(before, quotas, used("200"), month);
  const next = judge(standing, quotas, used("0"), "2026-12");
  expect(next.standing).toMatchObject({ month: "2026-12", told: [], exceeded: [] });
  expect(differs(standing, next.standing)).toBe(true);
  expect(judge(next.standing, quotas, used("80"), "2026-12").crossed).toHaveLength(1);
});

const contextOf = (orgId: string): Context => ({
  actor: { id: "user", orgId, permissions: new Set(permissions) },
  requestId: "request",
});

test("admission asks once in a few seconds, refuses with the reset, and lets staff, others and the next month through", async () => {
  let now = new Date("2026-11-20T12:00:00Z");
  let standing: Standing | null = null;
  let asked = 0;
  const admit = admission({
    standings: {
      peek: async (id) => {
        asked++;
        return id === tenant ? standing : null;
      },
    },
    clock: () => now,
    onFault: () => undefined,
  });
  await admit(contextOf(tenant));
  standing = judge(before, quotas, used("200"), month).standing;
  await admit(contextOf(tenant));
  expect(asked).toBe(1);
  now = new Date(now.getTime() + memoryMs);
  const refused = await admit(contextOf(tenant)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Problem);
  expect(refused).toMatchObject({ code: "quota-exceeded", status: 429, resetsAt: "2026-12-01T00:00:00.000Z" });
  await admit(contextOf("ten_other"));
  await admit(contextOf(platformOrg));
  now = new Date("2026-12-01T00:00:00Z");
  await admit(contextOf(tenant));
});

test("admission fails open, and says so", async () => {
  const faults: unknown[] = [];
  const fault = new Error("no table");
  const admit = admission({
    standings: { peek: async () => Promise.reject(fault) },
    clock: () => new Date(),
    onFault: (error) => faults.push(error),
  });
  await admit(contextOf(tenant));
  expect(faults).toEqual([fault]);
});
