import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { type QuarantineEntry, QuarantineId, type QuarantineList, type StoredRecord } from "./quarantine-entry.ts";

type Ports = { readonly quarantine: Pick<QuarantineList, "get" | "record"> };

/** An entry, and the record itself. */
export type Quarantined = { readonly entry: QuarantineEntry; readonly record: StoredRecord };

/** @throws Problem `quarantine-entry-not-found` */
export const loadQuarantined = async (ports: Ports, id: string): Promise<Quarantined> => {
  const entry = QuarantineId.safeParse(id).success ? await ports.quarantine.get(id) : null;
  if (entry === null) throw new Problem("quarantine-entry-not-found", `Nothing was set aside under ${id}.`);
  const record = await ports.quarantine.record(id);
  if (record === null) throw new Error(`The record of ${id} is not where its entry says.`);
  return { entry, record };
};

/**
 * Looks at one record that was set aside.
 *
 * @throws Problem `quarantine-entry-not-found`
 */
export const getQuarantined =
  (ports: Ports) =>
  async (ctx: Context, id: string): Promise<Quarantined> => {
    authorise(ctx, "quarantine:read");
    return loadQuarantined(ports, id);
  };
