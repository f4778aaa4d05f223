import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { onboard, operator, send, signIn } from "../support/api.ts";
import { type Ready, startApp, temporaryFolder } from "../support/app.ts";
import type { Row } from "./bench.ts";

const hourMs = 3_600_000;
const events = 30;
const pauseMs = 20;
const longestMs = 60_000;
/** The mapping's batching window (`stacks/metering.ts`): so long the poller waits for more. */
const windowMs = 2000;

const countOf = async (ready: Ready, token: string, tenant: string): Promise<number> => {
  const [from, to] = [-hourMs, hourMs].map((offset) => new Date(Date.now() + offset).toISOString());
  const path = `/admin/tenants/${tenant}/usage?metric=compute_hours&from=${from}&to=${to}&window=hour`;
  const { status, body, text } = await send(ready, "GET", path, { token });
  if (status !== 200) throw new Error(`${status} ${text}`);
  return (body.buckets as { count: number }[]).reduce((sum, { count }) => sum + count, 0);
};

/**
 * From the moment an event is put into the stream to the first answer of the API that has it, on the embedded cloud: one
 * event at a time, at any moment of the poller's window.
 */
export const delay = async (): Promise<Row[]> => {
  const data = temporaryFolder();
  const { ready, ...app } = await startApp(data).then((run) => ({ ready: run.ready, stop: () => run.stop() }));
  const kinesis = new KinesisClient(operator(ready));
  try {
    const token = await signIn(ready);
    const { operation } = await onboard(ready, token, { name: "Delay", tier: "standard" });
    const tenant = operation.tenant_id as string;
    const once = async (before: number): Promise<number> => {
      const event = { tenant_id: tenant, metric: "compute_hours", value: 1, timestamp: new Date().toISOString() };
      const since = performance.now();
      await kinesis.send(
        new PutRecordCommand({
          StreamName: ready.usage_stream,
          PartitionKey: tenant,
          Data: Buffer.from(JSON.stringify(event)),
        }),
      );
      while ((await countOf(ready, token, tenant)) <= before) {
        if (performance.now() - since > longestMs) throw new Error("An event did not come to be counted.");
        await sleep(pauseMs);
      }
      return performance.now() - since;
    };
    await once(0); // the first pays for every cold start
    const times: number[] = [];
    for (let sent = 1; sent <= events; sent++) {
      times.push(await once(sent));
      await sleep(Math.random() * windowMs);
    }
    const sorted = times.toSorted((a, b) => a - b);
    return [50, 95].map((part) => ({
      measure: `from put to the API's answer, p${part} (n = ${events})`,
      value: sorted[Math.ceil((part / 100) * events) - 1] ?? Number.NaN,
      unit: "ms",
      beside: { what: "of batching window", value: windowMs },
    }));
  } finally {
    kinesis.destroy();
    await app.stop();
    await rm(data, { recursive: true, force: true });
  }
};
