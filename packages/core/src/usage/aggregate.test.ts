import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combine, type FoldedEvent, foldSeries, settled } from "./aggregate.ts";
import { fingerprint } from "./fingerprint.ts";
import { addTotals, countOf, foldEvents } from "./fold.ts";

const kinds = ["sum", "count", "min", "max", "latest", "unique", "time_weighted_average"] as const;
const hour = 490_000;

/** Events of one hour. Times and values come from few, so that there are ties; values from far apart, so that doubles would drift. */
const eventsOf = (kind: FoldedEvent["kind"], spread = 3_600_000) =>
  fc
    .array(
      fc.record({
        id: fc.nat({ max: 40 }),
        at: fc.nat({ max: spread - 1 }).map((ms) => Math.floor(ms / 7000) * 7000),
        micros: fc.oneof(
          fc.nat({ max: 5 }),
          fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
          fc.bigInt({ min: 2n ** 53n, max: 10n ** 18n }),
          fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: -1 }),
        ),
        series: fc.constantFrom("m", "m|a=1", "constructor"),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((drawn) => {
      // One id is one event.
      const byId = new Map(drawn.map((event) => [event.id, event]));
      return [...byId.values()].map(({ id, at, micros, series }): FoldedEvent => ({
        ...fingerprint(String(id), 0),
        series,
        kind,
        micros,
        at: hour * 3_600_000 + at,
      }));
    });

describe.for(kinds)("%s", (kind) => {
  const cut = fc.tuple(
    eventsOf(kind),
    fc.array(fc.nat({ max: 2 }), { minLength: 30, maxLength: 30 }),
    fc.infiniteStream(fc.nat()),
  );

  test("comes to the same in any order and in any parts", () => {
    fc.assert(
      fc.property(cut, ([events, parts]) => {
        const whole = foldEvents({}, events);
        expect(foldEvents({}, events.toReversed())).toEqual(whole);
        const folded = [0, 1, 2].map((part) =>
          foldEvents(
            {},
            events.filter((_, index) => parts[index] === part),
          ),
        );
        const [a = {}, b = {}, c = {}] = folded;
        expect(addTotals(addTotals(a, b), c)).toEqual(whole);
        expect(addTotals(a, addTotals(b, c))).toEqual(whole);
        expect(addTotals(c, addTotals(b, a))).toEqual(whole);
        expect(countOf(whole)).toBe(events.length);
        // As a chunk takes them: into what is there.
        expect(parts.reduce((totals, _, index) => foldEvents(totals, events.slice(index, index + 1)), {})).toEqual(
          foldEvents({}, events.slice(0, 30)),
        );
      }),
    );
  });
});

test("a sum of any decimals is the sum of their micro-units, to the last", () => {
  fc.assert(
    fc.property(eventsOf("sum"), (events) => {
      const totals = Object.values(foldEvents({}, events));
      const sum = totals.reduce((all, total) => all + (total.kind === "sum" ? total.sum : 0n), 0n);
      expect(sum).toBe(events.reduce((all, { micros }) => all + BigInt(micros), 0n));
    }),
  );
});

test("segments of hours join to the segment of them all, wherever they are cut", () => {
  const samples = fc
    .array(fc.tuple(fc.nat({ max: 80 * 24 * 60 }), fc.bigInt({ min: 0n, max: 10n ** 18n })), {
      minLength: 1,
      maxLength: 40,
    })
    .map((drawn) => [...new Map(drawn)].toSorted(([a], [b]) => a - b));
  fc.assert(
    fc.property(samples, fc.nat(), (drawn, place) => {
      const segments = drawn.map(([minute, micros]) => {
        const event: FoldedEvent = {
          hi: 1,
          lo: minute,
          series: "m",
          kind: "time_weighted_average",
          micros,
          at: minute * 60_000,
        };
        return settled(foldSeries(event, [event]));
      });
      const join = (part: typeof segments) => part.slice(1).reduce(combine, part[0] as (typeof segments)[number]);
      const at = (place % segments.length) + 1;
      const whole = join(segments);
      const [left, right] = [segments.slice(0, at), segments.slice(at)];
      expect(right.length === 0 ? join(left) : combine(join(left), join(right))).toEqual(whole);
    }),
  );
});

test("aggregates of different kinds do not combine", () => {
  expect(() => combine({ kind: "count", count: 1 }, { kind: "unique", count: 1 })).toThrow("does not combine");
});
