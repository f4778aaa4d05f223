import middy from "@middy/core";
import { meterUsage } from "@tenantry/meter/lambda";
import { createMeter } from "@tenantry/meter/meter";

const meter = createMeter({
  stream: process.env["USAGE_STREAM"] ?? "",
  onDrop: ({ reason, detail, usage }) => console.error("usage dropped", reason, detail, usage),
});

type Job = { readonly tenant_id: string; readonly minutes: number };

export const handler = middy<Job, { done: boolean }>()
  .use(meterUsage(meter, { onLeft: (events) => console.warn(`${events} usage events wait for the next invocation.`) }))
  .handler(async (job: Job) => {
    meter.record({ tenant_id: job.tenant_id, metric: "compute_hours", value: job.minutes / 60 });
    return { done: true };
  });
