import { endOf, monthOf } from "../billing/month.ts";
import { hourMs } from "../usage/accept.ts";
import { concurrently } from "../usage/concurrently.ts";
import type { BillingAccount } from "./account.ts";
import { type CursorKey, type ExportCursor, missing, taken, unitsOf } from "./cursor.ts";
import { hourAt, settlingHours, unitsByMonth } from "./month-units.ts";
import type { Exporter, ExportPorts, ExportRecord, SendOutcome } from "./ports.ts";
import type { ExportTarget } from "./settings.ts";

/** How many cursors are read side by side. */
const width = 4;

export type Exported = { readonly taken: number; readonly errors: readonly unknown[] };

type Going = { readonly key: CursorKey; readonly cursor: ExportCursor; readonly record: ExportRecord };

/**
 * Exports what was used up to the last whole hour and was not taken yet, for every tenant that has an account there.
 * What is about to be sent is written down first, and taken off when the other side has it: whoever dies in between
 * leaves the very same record to be sent again, which the other side knows by its id.
 */
export const exportUsage =
  (ports: ExportPorts) =>
  async ({ sink, meters }: Exporter): Promise<Exported> => {
    const errors: unknown[] = [];
    const going: Going[] = [];
    const subjects = (await ports.accounts.list()).flatMap((account) => {
      const customer = sink.name === "stripe" ? account.stripe_customer : account.marketplace_customer;
      return customer === null
        ? []
        : Object.entries(meters).map(([meter, target]) => ({ account, customer, meter, target }));
    });
    const failures = await concurrently(subjects, width, async ({ account, customer, meter, target }) => {
      const key: CursorKey = { exporter: sink.name, tenantId: account.tenant_id, meter };
      const cursor = await prepare(ports, { sink, key, account, target });
      if (cursor === null || cursor.pending === null) return;
      const { id, at } = cursor.pending;
      const record = { id, customer, name: target.name, units: unitsOf(cursor.pending), at: new Date(at) };
      going.push({ key, cursor, record });
    });
    errors.push(...failures.map(({ error }) => error));
    let count = 0;
    for (let from = 0; from < going.length; from += sink.batch) {
      const batch = going.slice(from, from + sink.batch);
      const outcomes = await sendAll(sink, batch);
      for (const [place, { key, cursor }] of batch.entries()) {
        const outcome = outcomes[place] ?? { kind: "unknown", reason: "there was no answer" };
        if (outcome.kind !== "taken") errors.push(new Error(`${key.tenantId} ${key.meter}: ${outcome.reason}`));
        else count++;
        if (outcome.kind === "unknown") continue;
        const after = outcome.kind === "taken" ? taken(cursor) : { ...cursor, pending: null };
        // Refused by version: another run has settled the same record.
        await ports.cursors.save(key, { ...after, version: cursor.version + 1 });
      }
    }
    return { taken: count, errors };
  };

const sendAll = async (sink: Exporter["sink"], batch: readonly Going[]): Promise<readonly SendOutcome[]> => {
  try {
    return await sink.send(batch.map(({ record }) => record));
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it could not be sent";
    return batch.map(() => ({ kind: "unknown", reason }));
  }
};

type Subject = {
  readonly sink: Exporter["sink"];
  readonly key: CursorKey;
  readonly account: BillingAccount;
  readonly target: ExportTarget;
};

/** The cursor with the record that is to be sent, written down; null when there is none. */
const prepare = async (ports: ExportPorts, subject: Subject): Promise<ExportCursor | null> => {
  const { sink, key } = subject;
  const now = ports.clock();
  const cursor = (await ports.cursors.get(key)) ?? (await begin(ports, subject, now));
  if (cursor === null) return null;
  if (cursor.pending !== null) {
    if (now.getTime() - cursor.pending.since < sink.resendMs) return cursor;
    // Sent again it might be counted twice, and dropped not at all: a person has to ask the other side.
    throw new Error(`It is not known what became of ${cursor.pending.id} of ${key.tenantId} ${key.meter}.`);
  }
  const hour = hourAt(now);
  const used = await unitsByMonth(ports, subject, now, { hour, settled: hour - settlingHours });
  const rest = missing(cursor.exported, used);
  const [oldest] = [...rest.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  if (oldest === undefined) return null;
  const month = monthOf(new Date((hour - 1) * hourMs));
  const at = sink.backdates && oldest < month ? endOf(oldest).getTime() - 1000 : (hour - 1) * hourMs;
  // One record an hour is all that a side takes that does not look at ids.
  if (!sink.backdates && at <= cursor.last_at) return null;
  const units = sink.backdates ? [[oldest, rest.get(oldest) ?? 0n] as const] : [...rest];
  const pending = {
    id: ports.newId("export"),
    at,
    since: now.getTime(),
    units: Object.fromEntries(units.map(([name, count]) => [name, count.toString()])),
  };
  const next = { ...cursor, version: cursor.version + 1, pending };
  return (await ports.cursors.save(key, next)) ? next : null;
};

/**
 * What was used before the account was linked is not exported: it counts as taken. Of a meter that is exported as the
 * value of a month that is the months that were over; the one in which the account was linked has its value once.
 */
const begin = async (ports: ExportPorts, subject: Subject, now: Date): Promise<ExportCursor | null> => {
  const linked = hourAt(subject.account.linked_at);
  const before = await unitsByMonth(ports, subject, now, { hour: linked, settled: linked });
  const exported = Object.fromEntries([...before].map(([month, units]) => [month, units.toString()]));
  const cursor: ExportCursor = { version: 1, exported, last_at: 0, pending: null };
  return (await ports.cursors.save(subject.key, cursor)) ? cursor : null;
};
