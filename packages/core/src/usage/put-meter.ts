import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import type { Clock, NewId } from "../ports.ts";
import { type FieldError, Problem } from "../problem.ts";
import { type Meter, type MeterDefinition, meterLimits } from "./meters.ts";
import type { MeterStore } from "./ports.ts";

export type MeterPorts = { readonly meters: MeterStore; readonly clock: Clock; readonly newId: NewId };

const attempts = 5;

/**
 * Makes a meter, or changes what may change of one: its limit, and dimensions that join. What has been counted stays
 * what it was, so nothing else does. Consumers know of it within half a minute, or with the first event of its name.
 *
 * @throws Problem `meter-conflict`
 */
export const putMeter =
  ({ meters, ...ports }: MeterPorts) =>
  async (ctx: Context, { name, ...definition }: { readonly name: string } & MeterDefinition): Promise<Meter> => {
    authorise(ctx, "meters:write");
    const meter: Meter = { name, ...definition };
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const list = await meters.load();
      const before = list.meters.find((each) => each.name === name);
      const errors = before === undefined ? [] : faultsOf(before, meter);
      if (errors.length > 0) throw new Problem("meter-conflict", `Of ${name} this does not change.`, { errors });
      if (before === undefined && list.meters.length >= meterLimits.meters)
        throw new Problem("meter-conflict", `There are ${meterLimits.meters} meters, as many as there can be.`);
      const changed = list.meters.map((each) => (each.name === name ? meter : each));
      const next = {
        version: list.version + 1,
        // A new meter comes last: a meter's place is part of its events' identity.
        meters: before === undefined ? [...changed, meter] : changed,
      };
      const audit = auditEntry(ports, ctx, { action: "meter.put", tenantId: platformOrg, before, after: meter });
      if (await meters.save(next, { audit, events: [] })) return meter;
    }
    throw new Problem("unavailable", "Others are changing the meters. Try again.");
  };

const fixed = ["unit", "aggregation", "decimals"] as const;

/** What a definition would change that does not. */
const faultsOf = (before: Meter, after: Meter): FieldError[] => {
  const errors: FieldError[] = fixed
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ pointer: `/${field}`, detail: `is ${before[field]}, and stays so` }));
  const names = (meter: Meter) => new Set(meter.dimensions.map((dimension) => dimension.name));
  const lacks = names(before).difference(names(after));
  if (lacks.size > 0) errors.push({ pointer: "/dimensions", detail: `must go on to have ${[...lacks].join(", ")}` });
  // Users of closed days were counted for each way of grouping that there was.
  if (before.aggregation === "unique" && names(after).size > names(before).size)
    errors.push({ pointer: "/dimensions", detail: "of users stay as they are" });
  return errors;
};
