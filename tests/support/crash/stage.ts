import type { Ready } from "../app.ts";
import { ask } from "../aws.ts";

/**
 * Settings for the stage on which tasks are killed by the thousand: an attempt that was killed counts as at work until
 * its time is up, and a stage that gives it less has less to wait for. To be called before the app is started.
 */
export const impatient = (): void => {
  process.env["TASK_SECONDS"] ??= "15";
  process.env["LONGEST_RETRY_DELAY"] ??= "2";
  // More silos are made here in an hour than a region may have.
  process.env["TENANT_LIMITS"] ??= '{"db_clusters":100000,"user_pools":100000}';
};

/**
 * Disables those who hear of each write to the Control table: the progress that is pushed, the chain of the audit, events.
 * They change nothing of what a tenant has, and take a third of the machine.
 */
export const unobserved = async (ready: Ready): Promise<void> => {
  const mappings = "/2015-03-31/event-source-mappings";
  const { EventSourceMappings } = JSON.parse(await ask(ready, "lambda", mappings)) as {
    EventSourceMappings: { UUID: string; EventSourceArn: string }[];
  };
  const ofControl = EventSourceMappings.filter(({ EventSourceArn }) => /table\/[\w-]*Control/.test(EventSourceArn));
  if (ofControl.length === 0) throw new Error("Nobody hears of writes to the Control table.");
  const body = JSON.stringify({ Enabled: false });
  for (const { UUID } of ofControl) await ask(ready, "lambda", `${mappings}/${UUID}`, { method: "PUT", body });
};
