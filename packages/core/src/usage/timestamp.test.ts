import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseTimestamp, timestampParser } from "./timestamp.ts";

test.for([
  ["2026-11-20T13:45:12.123456", Date.UTC(2026, 10, 20, 13, 45, 12, 123)],
  ["2026-11-20T13:45:12", Date.UTC(2026, 10, 20, 13, 45, 12)],
  ["2026-11-20T13:45:12.5Z", Date.UTC(2026, 10, 20, 13, 45, 12, 500)],
  ["2026-11-20T13:45:12+05:30", Date.UTC(2026, 10, 20, 8, 15, 12)],
  ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
] as const)("%s", ([text, expected]) => {
  expect(parseTimestamp(text)).toBe(expected);
  expect(timestampParser()(text)).toBe(expected);
});

test.for([
  "",
  "yesterday",
  "2026-11-20",
  "2026-02-30T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-11-20T24:00:00Z",
  "2026-11-20T13:60:00Z",
  "2026-11-20T13:45:60Z",
  "2026-11-20T13:45:12+25:00",
  "2026-11-20T13:45:12 ",
  "2026-11-20 13:45:12",
  "0050-01-01T00:00:00Z",
])("%s is none", (text) => {
  expect(parseTimestamp(text)).toBeUndefined();
  expect(timestampParser()(text)).toBeUndefined();
});

test("the fast parser agrees with the plain one and with Date", () => {
  const parse = timestampParser();
  fc.assert(
    fc.property(fc.date({ min: new Date("0100-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
      expect(parse(date.toISOString())).toBe(date.getTime());
      expect(parseTimestamp(date.toISOString())).toBe(date.getTime());
    }),
  );
});
