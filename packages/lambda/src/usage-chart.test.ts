import type { UsageChart } from "@tenantry/core/usage/chart";
import { describe, expect, test } from "vitest";
import { described, usageChart } from "./usage-chart.ts";

const chart = (values: readonly (string | null)[], change: Partial<UsageChart> = {}): UsageChart => ({
  tenant: { id: "ten_1", name: "Acme Corp" },
  metric: "api_calls",
  unit: "call",
  aggregation: "sum",
  asOf: "2026-11-03T12:00:00.000Z",
  days: values.map((value, n) => ({
    start: new Date(Date.UTC(2026, 10, 1 + n)).toISOString(),
    end: new Date(Date.UTC(2026, 10, 2 + n)).toISOString(),
    value: value ?? "0",
    count: value === null ? 0 : 1,
    final: false,
  })),
  ...change,
});

/** The height of each day's bar and its colour. */
const bars = (svg: string) =>
  [...svg.matchAll(/<path d="([^"]+)" fill="([^"]+)" ecmeta_series_index/g)].map(([, path = "", colour]) => {
    const heights = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    return [Math.round(Math.max(...heights) - Math.min(...heights)), colour];
  });

describe("in words", () => {
  test("is the time, the sum, the highest day, and the day that is not over", () => {
    expect(described(chart(["1204.5", "0.000001", "1"]))).toEqual({
      title: "api_calls by day, in calls",
      text: [
        "Acme Corp · Nov 1, 2026 – Nov 3, 2026 (UTC)",
        "1,205.500001 calls in all · highest on Nov 1, 2026 with 1,204.5 calls · Nov 3 is not over",
      ],
    });
  });

  test.for(["min", "max", "latest", "unique", "time_weighted_average"] as const)(
    "%s is not summed over days",
    (aggregation) => expect(described(chart(["1", "2"], { aggregation })).text.join()).not.toContain("in all"),
  );

  test("no usage is said", () => {
    expect(described(chart([null, null])).text.join()).toContain("no usage");
    expect(usageChart(chart([null, null]))).toContain(">No usage</text>");
  });
});

describe("as an SVG", () => {
  test("has a title and a description for those who do not see it", () => {
    const svg = usageChart(chart(["1", "2"]));
    expect(svg).toMatch(
      /^<svg [^>]*role="img" aria-labelledby="usage-title usage-text"><title id="usage-title">api_calls by day, in calls<\/title><desc id="usage-text">Acme Corp/,
    );
  });

  test("has a bar for each day with usage, and a lighter one for the day that is not over", () => {
    const svg = usageChart(chart(["3", null, "2", null]));
    expect(bars(svg)).toEqual([
      [230, "#2563eb"],
      [0, "#2563eb"],
      [153, "#93c5fd"],
      [0, "#2563eb"],
    ]);
  });

  test("begins at zero, and below it only where there is a correction", () => {
    const labels = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text);
    expect(labels(usageChart(chart(["1000", "1200"])))).toEqual(expect.arrayContaining(["0", "1.2K"]));
    expect(labels(usageChart(chart(["1000", "-500"]))).some((text) => text?.startsWith("-"))).toBe(true);
    expect(labels(usageChart(chart(["0.0075", "0.0135"]))).filter((text) => text === "0")).toHaveLength(1);
  });

  test("a name is text, whatever it looks like", () => {
    const name = `<script>alert(1)</script>"&'\u0000`;
    const svg = usageChart(chart(["1"], { tenant: { id: "ten_1", name } }));
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&#60;script&#62;");
    expect(svg).not.toContain("\u0000");
  });

  test("a quarter has few labels, and each month its name", () => {
    const svg = usageChart(chart(Array.from({ length: 92 }, () => "1")));
    for (const month of ["Nov", "Dec", "Jan"]) expect(svg).toContain(`>${month}</text>`);
    expect([...svg.matchAll(/>8<\/text>/g)]).toHaveLength(3);
    expect(svg).not.toContain(">9</text>");
  });
});
