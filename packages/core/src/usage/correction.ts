import { z } from "zod";
import { idOf } from "../ids.ts";
import { Instant } from "../time.ts";
import { hourMs } from "./accept.ts";
import { arrivalOf } from "./arrivals.ts";
import { type Fingerprint, fingerprint } from "./fingerprint.ts";
import { MeterName, type MeterTable, type NumberedMeter } from "./meters.ts";
import type { ChunkKey, Counted } from "./pages.ts";
import type { IncomingRecord } from "./ports.ts";
import { seriesOf } from "./series.ts";

export const AdjustmentId = idOf("adjustment");

/** `-12.5`: six decimals at most, 1e12 either way. */
const decimal = /^(-?)(\d{1,13})(?:\.(\d{1,6}))?$/;
const mostMicros = 10n ** 18n;

/** Exact micro-units of a decimal text; undefined when it is none. */
export const microsOf = (text: string): bigint | undefined => {
  const [, sign, whole = "", fraction = ""] = decimal.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const micros = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
  if (micros > mostMicros) return undefined;
  return sign === "-" ? -micros : micros;
};

const common = {
  adjustment_id: AdjustmentId,
  tenant_id: z.string(),
  metric: MeterName,
  /** Of the event, or when what is adjusted was used. */
  timestamp: Instant,
  reason: z.string(),
  author: z.string(),
};

/** A correction as it stands in the archive: a record of its own, beside the events. */
export const Correction = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("adjust"),
    ...common,
    value: z.string().regex(decimal),
    dimensions: z.record(z.string(), z.string()),
  }),
  z.strictObject({ type: z.literal("void"), ...common, event_id: z.string() }),
]);
export type Correction = Readonly<z.infer<typeof Correction>>;
export type Adjust = Extract<Correction, { type: "adjust" }>;
export type Void = Extract<Correction, { type: "void" }>;

/** Corrections have positions that no record of the stream can have: a shard's name is never this. */
export const correctionSource = "adjustment";
const positionOf = (adjustmentId: string) => `${correctionSource}:${adjustmentId}`;

export const isCorrection = ({ position }: Pick<IncomingRecord, "position">): boolean =>
  position.startsWith(`${correctionSource}:`);

/** A correction as a record of the archive. @param at when it was made, in milliseconds */
export const correctionRecord = (correction: Correction, at: number): IncomingRecord => {
  const text = JSON.stringify(correction);
  return {
    position: positionOf(correction.adjustment_id),
    partitionKey: correction.tenant_id,
    arrivedAt: at,
    data: btoa(String.fromCodePoint(...new TextEncoder().encode(text))),
    text,
  };
};

export const parseCorrection = ({ text }: Pick<IncomingRecord, "text">): Correction =>
  Correction.parse(JSON.parse(text ?? ""));

const hourOf = ({ timestamp }: Pick<Correction, "timestamp">) => Math.floor(Date.parse(timestamp) / hourMs);

/** The chunk that a correction belongs to. */
export const chunkOf = (correction: Pick<Correction, "tenant_id" | "timestamp">): ChunkKey => ({
  tenantId: correction.tenant_id,
  hour: hourOf(correction),
});

/** An adjustment as an event: its identity is its own position, as of an event without an id. */
export const adjustedEvent = (adjust: Adjust, meters: MeterTable, at: number): Counted => {
  const meter = meterOf(meters, adjust.metric);
  return {
    ...fingerprint(positionOf(adjust.adjustment_id), meter.number, 1),
    series: seriesOf(meter, adjust.dimensions),
    kind: meter.aggregation,
    micros: microsOf(adjust.value) ?? 0n,
    at: Date.parse(adjust.timestamp),
    arrival: arrivalOf(hourOf(adjust), at),
  };
};

/** The identities that a void may mean, the likelier first: an adjustment's, and that of a producer's event. */
export const voidedIds = (
  { event_id, metric }: Pick<Void, "event_id" | "metric">,
  meters: MeterTable,
): Fingerprint[] => {
  const { number } = meterOf(meters, metric);
  const ofEvent = fingerprint(event_id, number);
  return AdjustmentId.safeParse(event_id).success ? [fingerprint(positionOf(event_id), number, 1), ofEvent] : [ofEvent];
};

/** What a void means of a `unique` meter. */
export const usersVoid = (
  correction: Pick<Void, "tenant_id" | "timestamp" | "event_id" | "metric">,
  meters: MeterTable,
) => ({
  tenantId: correction.tenant_id,
  hour: hourOf(correction),
  metric: correction.metric,
  ids: voidedIds(correction, meters),
});

const meterOf = (meters: MeterTable, metric: string): NumberedMeter => {
  const meter = meters.get(metric);
  if (meter === undefined) throw new Error(`There is no meter ${metric}.`);
  return meter;
};
