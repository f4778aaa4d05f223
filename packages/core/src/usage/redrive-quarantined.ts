import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import type { Clock, NewId } from "../ports.ts";
import { Problem } from "../problem.ts";
import { loadQuarantined } from "./get-quarantined.ts";
import type { MeterOutcome } from "./meter-usage.ts";
import type { IncomingRecord, RejectedRecord } from "./ports.ts";
import {
  faultsOf,
  isSetAside,
  type QuarantineEntry,
  type QuarantineList,
  type StoredRecord,
} from "./quarantine-entry.ts";

export type RedrivePorts = {
  readonly quarantine: QuarantineList;
  /** Reads a stored record as the consumer of the stream would. */
  readonly unpack: (record: StoredRecord) => IncomingRecord;
  /** Counts records as the consumer of the stream does, and hands back what cannot be counted. */
  readonly meter: (
    records: readonly IncomingRecord[],
  ) => Promise<{ readonly outcome: MeterOutcome; readonly rejected: readonly RejectedRecord[] }>;
  readonly clock: Clock;
  readonly newId: NewId;
};

const redrivesKept = 20;

/**
 * Counts a record that was set aside, now that what was in its way is gone: the tenant is registered, the meter defined.
 * The record goes through the consumer's own verb under its own position and arrival. So its events have the identity
 * that they had at first, and those counted already, by this redrive's forerunner that died or beside the faulty lines,
 * are known: each counts once, however often and by however many it is redriven. What is still refused keeps waiting.
 *
 * @throws Problem `quarantine-entry-not-found`; `state-conflict` when it was redriven already or is changing;
 *   `unavailable` when not all could be written: ask again.
 */
export const redriveQuarantined =
  (ports: RedrivePorts) =>
  async (ctx: Context, id: string): Promise<QuarantineEntry> => {
    authorise(ctx, "quarantine:redrive");
    const { entry, record } = await loadQuarantined(ports, id);
    if (entry.state === "redriven") throw new Problem("state-conflict", `The entry ${id} was redriven already.`);
    const { outcome, rejected } = await ports.meter([ports.unpack(record)]);
    if (outcome.failedFrom !== null)
      throw new Problem("unavailable", "The record could not be counted whole. Ask again.", {
        cause: outcome.errors[0],
      });

    const at = ports.clock().toISOString();
    const { counted, duplicates } = outcome;
    // A line that was counted at first may be refused today, as when its hour was closed: it stays counted.
    const faults = rejected.flatMap((each) => each.faults).filter(({ line }) => isSetAside(entry, line));
    const redrive = { at, by: ctx.actor.id, counted, duplicates, rejected: faults.length };
    const next: QuarantineEntry = {
      ...entry,
      // What was wrong stays to be read once nothing is.
      ...(faults.length > 0 ? faultsOf(faults) : { state: "redriven" }),
      redrives: [...entry.redrives, redrive].slice(-redrivesKept),
      updated_at: at,
    };
    const audit = auditEntry(ports, ctx, {
      action: "quarantine.redrive",
      tenantId: entry.tenant_id ?? platformOrg,
      before: { entry: id, state: entry.state, events: entry.events },
      after: { state: next.state, counted, duplicates, rejected: faults.length },
    });
    if (!(await ports.quarantine.update(next, entry, { audit, events: [] })))
      throw new Problem("state-conflict", "The entry was changed meanwhile: look at it again.");
    return next;
  };
