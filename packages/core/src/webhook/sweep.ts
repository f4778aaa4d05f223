import type { WebhookPorts } from "./ports.ts";
import { overdueMilliseconds, sweptMilliseconds } from "./schedule.ts";

/** More of them wait for the next sweep. */
const mostAtOnce = 500;

/**
 * Queues a job for each delivery that was to be tried and was not: its job is lost, as when a queue was away or a message
 * was set aside. A job that was only late is void by its turn.
 */
export const sweepDeliveries =
  (ports: Pick<WebhookPorts, "deliveries" | "queue" | "clock">) => async (): Promise<{ queued: number }> => {
    const now = ports.clock().getTime();
    const at = (milliseconds: number) => new Date(now + milliseconds).toISOString();
    const jobs = await ports.deliveries.overdue(at(-overdueMilliseconds), mostAtOnce);
    for (const job of jobs) {
      await ports.queue.send(job, 0);
      await ports.deliveries.postpone(job, at(sweptMilliseconds));
    }
    return { queued: jobs.length };
  };
