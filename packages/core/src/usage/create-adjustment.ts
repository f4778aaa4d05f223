import { authorise } from "../access/authorise.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { callerOf } from "../idempotency.ts";
import { TenantId } from "../ids.ts";
import type { NewId, Registry } from "../ports.ts";
import { Problem } from "../problem.ts";
import { acceptAhead, acceptBack } from "./accept.ts";
import type { Admit } from "./admit.ts";
import type { Adjustment, Adjustments } from "./adjustment.ts";
import { applyAdjustment, type ApplyPorts } from "./apply-adjustment.ts";
import { monthOf } from "./batch.ts";
import { AdjustmentId, chunkOf, microsOf, usersVoid, voidedIds } from "./correction.ts";
import type { MeterTable, NumberedMeter } from "./meters.ts";
import { seriesOf } from "./series.ts";

export type CreateAdjustment = {
  readonly tenantId: string;
  readonly metric: string;
  /** An instant. */
  readonly timestamp: string;
  readonly reason: string;
  /** The request's idempotency key: the same caller's requests with one key make one adjustment. */
  readonly key?: string | undefined;
} & (
  | { readonly type: "adjust"; readonly value: string; readonly dimensions: Readonly<Record<string, string>> }
  | { readonly type: "void"; readonly eventId: string }
);

export type CreateAdjustmentPorts = ApplyPorts & {
  readonly registry: Pick<Registry, "getTenant">;
  readonly adjustments: Adjustments;
  readonly admit: Admit;
  readonly newId: NewId;
  /** Is told why an adjustment stays pending. */
  readonly onPending: (id: string, error: unknown) => void;
};

/**
 * Corrects usage: `adjust` adds a signed value to a `sum`, `void` takes an event out of what it counted in. The
 * adjustment and its audit entry are written first, then it is applied; when that fails it stays `pending` and is
 * applied by the next sweep.
 *
 * @throws Problem `tenant-not-found`; `invalid-request` for an unknown metric, a value of zero or of more decimals than
 *   the meter has, a timestamp outside of the last 35 days; `correction-not-applicable` when the meter cannot be
 *   corrected so; `idempotency-key-reused`; `usage-event-not-found`; `state-conflict` when the event is voided already, or is itself a void.
 */
export const createAdjustment =
  (ports: CreateAdjustmentPorts) =>
  async (ctx: Context, input: CreateAdjustment): Promise<Adjustment> => {
    authorise(ctx, "usage:adjust");
    const isId = TenantId.safeParse(input.tenantId).success;
    if (!isId || (await ports.registry.getTenant(input.tenantId)) === null)
      throw new Problem("tenant-not-found", `There is no tenant ${input.tenantId}.`);
    const now = ports.clock().getTime();
    const request = input.key === undefined ? [] : [`request#${callerOf(ctx)}#${input.key}`];
    const apply = (adjustment: Adjustment): Promise<Adjustment> =>
      applyAdjustment(ports)(adjustment).catch((error: unknown) => {
        ports.onPending(adjustment.id, error);
        return adjustment;
      });
    // A request that died before it was answered has done what it was to do, and must not do it twice.
    for (const claim of request) {
      const made = await ports.adjustments.claimedBy(claim);
      if (made === null) continue;
      if (!isSame(made, input))
        throw new Problem("idempotency-key-reused", "This Idempotency-Key was used for another correction before.");
      return made.status === "applied" ? made : apply(made);
    }
    const meters = await ports.meters.reread();
    const meter = meterIn(meters, input.metric);
    const timestamp = timeIn(input.timestamp, now);
    const adjustment: Adjustment = {
      id: ports.newId("adjustment"),
      type: input.type,
      tenant_id: input.tenantId,
      metric: input.metric,
      timestamp,
      value: input.type === "adjust" ? input.value : null,
      dimensions: input.type === "adjust" ? input.dimensions : null,
      event_id: input.type === "void" ? input.eventId : null,
      reason: input.reason,
      author: ctx.actor.id,
      status: "pending",
      created_at: new Date(now).toISOString(),
      applied_at: null,
    };
    const event =
      input.type === "adjust"
        ? await checkAdjust(ports, adjustment, input, meter, meters)
        : await checkVoid(ports, adjustment, input.eventId, meter, meters);
    const audit = auditEntry(ports, ctx, {
      action: `usage.${input.type}`,
      tenantId: input.tenantId,
      after: adjustment,
    });
    if (!(await ports.adjustments.create(adjustment, [...event, ...request], { audit, events: [] })))
      throw new Problem("state-conflict", "The event is voided already.");
    return apply(adjustment);
  };

/** Whether this is what the request asks for. */
const isSame = (made: Adjustment, input: CreateAdjustment): boolean => {
  const common =
    made.type === input.type &&
    made.tenant_id === input.tenantId &&
    made.metric === input.metric &&
    Date.parse(made.timestamp) === Date.parse(input.timestamp);
  if (input.type === "void") return common && made.event_id === input.eventId;
  const text = (dimensions: Readonly<Record<string, string>> | null) =>
    JSON.stringify(Object.entries(dimensions ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return common && made.value === input.value && text(made.dimensions) === text(input.dimensions);
};

const invalid = (pointer: string, detail: string) =>
  new Problem("invalid-request", `${pointer} ${detail}.`, { errors: [{ pointer, detail }] });

const meterIn = (meters: MeterTable, metric: string): NumberedMeter => {
  const meter = meters.get(metric);
  if (meter === undefined) throw invalid("/metric", `must be one of ${[...meters.keys()].join(", ")}`);
  return meter;
};

/** Buckets close for good: what is older is corrected by an adjustment of today. */
const timeIn = (text: string, now: number): string => {
  const at = Date.parse(text);
  if (!(at >= now - acceptBack && at <= now + acceptAhead))
    throw invalid("/timestamp", "must lie within the last 35 days and not ahead");
  return new Date(at).toISOString();
};

const checkAdjust = async (
  { admit }: CreateAdjustmentPorts,
  { tenant_id, timestamp }: Adjustment,
  { value, dimensions }: Extract<CreateAdjustment, { type: "adjust" }>,
  meter: NumberedMeter,
  meters: MeterTable,
): Promise<readonly string[]> => {
  const micros = microsOf(value);
  if (micros === undefined) throw invalid("/value", "must be a decimal of at most six places within 1e12");
  if (micros === 0n) throw invalid("/value", "must not be zero");
  if (micros % BigInt(meter.step) !== 0n) throw invalid("/value", `must have no more than ${meter.decimals} decimals`);
  if (meter.aggregation !== "sum")
    throw new Problem(
      "correction-not-applicable",
      `${meter.name} is a meter of ${meter.aggregation}, to which nothing can be added. Void the event, or send another.`,
    );
  const unknown = Object.keys(dimensions).find((name) => !meter.names.includes(name));
  if (unknown !== undefined) throw invalid("/dimensions", `must be dimensions of ${meter.name}, as ${unknown} is not`);
  const series = seriesOf(meter, dimensions);
  if (series === meter.name) return [];
  const month = monthOf(chunkOf({ tenant_id, timestamp }).hour);
  if ((await admit(tenant_id, month, new Set([series]), meters)).size > 0)
    throw new Problem(
      "correction-not-applicable",
      "The tenant has too many combinations of dimension values this month.",
    );
  return [];
};

/** Returns what this void alone may claim. */
const checkVoid = async (
  { adjustments, voids, users }: CreateAdjustmentPorts,
  adjustment: Adjustment,
  eventId: string,
  meter: NumberedMeter,
  meters: MeterTable,
): Promise<readonly string[]> => {
  const other = AdjustmentId.safeParse(eventId).success ? await adjustments.get(eventId) : null;
  if (other?.type === "void")
    throw new Problem("state-conflict", "A void cannot be voided: send the event anew, under another id.");
  const key = chunkOf(adjustment);
  const named = { ...adjustment, event_id: eventId };
  const { state } =
    meter.aggregation === "unique"
      ? await users.look(usersVoid(named, meters), meters)
      : await voids.look({ key, ids: voidedIds(named, meters) });
  if (state === "unknown")
    throw new Problem("usage-event-not-found", `No event ${eventId} of ${meter.name} counts in that hour.`);
  if (state === "voided") throw new Problem("state-conflict", `The event ${eventId} is voided already.`);
  return [`void#${key.tenantId}#${key.hour}#${meter.name}#${eventId}`];
};
