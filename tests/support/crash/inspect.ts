import { setTimeout as sleep } from "node:timers/promises";
import type { Ready } from "../app.ts";
import { type Inventory, takeInventory } from "../inventory.ts";

/** A task's second run may outlive the operation by so much. */
const aftermath = 2000;

/**
 * Looks at everything there is, for all who wait at once. Each gets a look that began after they asked. Looks take longer
 * the more there is, and make place for what they look at: they rest for fifteen times as long as the last one took.
 */
export const inspector = (ready: Ready): (() => Promise<Inventory>) => {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Inventory> | undefined;
  let rest = aftermath;
  return () => {
    next ??= running.then(async () => {
      await sleep(rest);
      next = undefined;
      const since = performance.now();
      const look = takeInventory(ready).finally(() => {
        rest = Math.max(aftermath, 15 * (performance.now() - since));
      });
      running = look.catch(() => undefined);
      return look;
    });
    return next;
  };
};

/** What one list has and the other lacks, in words; nothing where they agree. */
export const difference = (found: readonly string[], wanted: readonly string[]): string => {
  const left = [...wanted];
  const more = found.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [more.length > 0 ? `too much: ${more.join(", ")}` : "", left.length > 0 ? `missing: ${left.join(", ")}` : ""]
    .filter((text) => text !== "")
    .join("; ");
};
