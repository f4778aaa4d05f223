import type { Page, Ports } from "../ports.ts";
import { concurrently } from "../usage/concurrently.ts";
import type { Operation, OperationStatus } from "./operation.ts";
import { type Settled, settleOperation } from "./settle.ts";

/** Statuses in which something is still to be done. */
const unsettled = ["pending", "running", "compensating", "compensation_failed"] as const satisfies OperationStatus[];

/** Milliseconds. An operation that changed less than this ago is in somebody's hands. */
export const patience = 60_000;

/** How many operations fared how, and the errors of those that could not be settled. */
export type Swept = { readonly settled: Readonly<Record<Settled, number>>; readonly errors: readonly unknown[] };

/** Settles every operation that has not come to its end and has not changed for a while. One that cannot be settled stops no other. */
export const sweepOperations = (ports: Ports) => async (): Promise<Swept> => {
  const settled = { "left alone": 0, started: 0, compensating: 0, succeeded: 0 };
  const errors: unknown[] = [];
  const settle = settleOperation(ports);
  for (const status of unsettled) {
    let after: string | null = null;
    do {
      const page: Page<Operation> = await ports.operations.list({ status }, { limit: 100, after });
      const before = new Date(ports.clock().getTime() - patience).toISOString();
      const idle = page.items.filter(({ updated_at }) => updated_at < before);
      const failures = await concurrently(idle, 8, async ({ id }) => {
        settled[await settle(id, { patient: false })] += 1;
      });
      errors.push(...failures.map(({ error }) => error));
      after = page.next;
    } while (after !== null);
  }
  return { settled, errors };
};
