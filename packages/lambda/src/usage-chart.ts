import type { UsageChart } from "@tenantry/core/usage/chart";
import { BarChart } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, GridComponent, TitleComponent, SVGRenderer]);

const size = { width: 960, height: 400 };
const ink = { text: "#1f2937", quiet: "#6b7280", line: "#e5e7eb", bar: "#2563eb", running: "#93c5fd" };
const fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 });
const dates = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeZone: "UTC" });
const months = new Intl.DateTimeFormat("en-US", { month: "short", timeZone: "UTC" });

const plural = (count: number, unit: string): string => `${whole.format(count)} ${count === 1 ? unit : `${unit}s`}`;
const dayOf = (instant: string): string => dates.format(new Date(instant));

/** Days add up where events do; a year's highest value or its users are not the sum of its days'. */
const total = ({ aggregation, days, unit }: UsageChart): string | undefined =>
  aggregation === "sum" || aggregation === "count"
    ? `${plural(Number(days.reduce((sum, { value }) => sum + Number(value), 0).toFixed(6)), unit)} in all`
    : undefined;

/** What the chart says, in words, in two lines. */
export const described = (chart: UsageChart): { readonly title: string; readonly text: readonly string[] } => {
  const { tenant, metric, unit, days } = chart;
  const [first, last] = [days[0], days.at(-1)];
  const range =
    first === undefined || last === undefined
      ? "no day"
      : `${dayOf(first.start)} – ${dayOf(new Date(Date.parse(last.end) - 1).toISOString())}`;
  const highest = days.reduce<(typeof days)[number] | undefined>(
    (most, day) => (day.count > 0 && Number(day.value) > Number(most?.value ?? -1) ? day : most),
    undefined,
  );
  const peak =
    highest === undefined
      ? "no usage"
      : `highest on ${dayOf(highest.start)} with ${plural(Number(highest.value), unit)}`;
  const running = days.find((day) => isRunning(day, chart.asOf));
  const today =
    running === undefined
      ? undefined
      : `${months.format(new Date(running.start))} ${new Date(running.start).getUTCDate()} is not over`;
  const lines = [
    [tenant.name, `${range} (UTC)`],
    [total(chart), peak, today],
  ];
  const text = lines.map((parts) => parts.filter((part) => part !== undefined).join(" · "));
  return { title: `${metric} by day, in ${unit}s`, text };
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** Characters that no XML may have, not even escaped. */
const lawful = (xml: string): string => xml.replaceAll(/[^\t\n\r\u0020-\uFFFD]/g, "");

/** Each day of a month, or each week's of a longer time, always with the first of a month. */
const isLabelled = (days: UsageChart["days"], index: number): boolean =>
  days.length <= 31 || [1, 8, 15, 22].includes(new Date(days[index]?.start ?? 0).getUTCDate());

const isRunning = ({ start, end }: UsageChart["days"][number], asOf: string): boolean => start <= asOf && asOf < end;

/** Usage by day as an SVG, drawn without a browser. Today, which is not over, is in a lighter colour. */
export const usageChart = (chart: UsageChart): string => {
  const { days, asOf } = chart;
  const { title, text } = described(chart);
  const empty = days.every(({ count }) => count === 0);
  const drawing = init(null, null, { renderer: "svg", ssr: true, ...size });
  drawing.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily, color: ink.text },
    title: [
      {
        text: title,
        subtext: text.join("\n"),
        left: 24,
        top: 20,
        padding: 0,
        itemGap: 8,
        textStyle: { fontFamily, fontSize: 18, fontWeight: 600, color: ink.text },
        subtextStyle: {
          fontFamily,
          fontSize: 13,
          color: ink.quiet,
          width: size.width - 48,
          overflow: "truncate",
          lineHeight: 18,
        },
      },
      ...(empty
        ? [{ text: "No usage", left: "center", top: "52%", textStyle: { fontFamily, fontSize: 15, color: ink.quiet } }]
        : []),
    ],
    grid: { left: 24, right: 24, top: 108, bottom: 24, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: {
      type: "category",
      data: days.map(({ start }) => start),
      axisTick: { show: false },
      axisLine: { onZero: true, lineStyle: { color: ink.quiet } },
      axisLabel: {
        fontFamily,
        fontSize: 12,
        color: ink.quiet,
        interval: (index: number) => isLabelled(days, index),
        formatter: (start: string, index: number) => {
          const day = new Date(start);
          const month = (index === 0 && days.length <= 31) || day.getUTCDate() === 1 ? `\n${months.format(day)}` : "";
          return `${day.getUTCDate()}${month}`;
        },
      },
    },
    yAxis: {
      type: "value",
      min: ({ min }: { min: number }) => Math.min(0, min),
      ...(empty ? { max: 1, axisLabel: { show: false }, splitLine: { show: false } } : {}),
      ...(empty
        ? {}
        : {
            splitLine: { lineStyle: { color: ink.line } },
            axisLabel: {
              fontFamily,
              fontSize: 12,
              color: ink.quiet,
              formatter: (value: number) => short.format(value),
            },
          }),
    },
    series: [
      {
        type: "bar",
        // Nothing happens under the pointer.
        silent: true,
        barCategoryGap: "25%",
        data: days.map((day) => {
          const { value } = day;
          return {
            value: Number(value),
            itemStyle: {
              color: isRunning(day, asOf) ? ink.running : ink.bar,
              borderRadius: value.startsWith("-") ? [0, 0, 2, 2] : [2, 2, 0, 0],
            },
          };
        }),
      },
    ],
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  const head = `role="img" aria-labelledby="usage-title usage-text"><title id="usage-title">${escaped(title)}</title><desc id="usage-text">${escaped(text.join(" · "))}</desc>`;
  return lawful(svg.replace(/^(<svg[^>]*?)>/, (_, opening: string) => `${opening} ${head}`));
};
