import middy from "@middy/core";
import { expect, test } from "vitest";
import { flushAfter, meterUsage } from "./lambda.ts";
import { createMeter, type MeterOptions } from "./meter.ts";

/** A meter whose requests take some time, and the values that have gone out. */
const slowMeter = (milliseconds: number) => {
  const values: number[] = [];
  const send = async ({ input }: { input: { Records: { Data: Uint8Array }[] } }) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    for (const { Data } of input.Records)
      for (const line of Buffer.from(Data).toString().split("\n"))
        values.push((JSON.parse(line) as { value: number }).value);
    return { Records: input.Records.map(() => ({})) };
  };
  const client = { send } as unknown as NonNullable<MeterOptions["client"]>;
  return { values, meter: createMeter({ stream: "usage", client, delay: 60_000 }) };
};

const usage = (value: number) => ({ tenant_id: "ten_01JD0000000000000000000000", metric: "api_calls", value });
const context = { getRemainingTimeInMillis: () => 10_000 };

test("the events of an invocation are out before it ends, whether it succeeds or fails", async () => {
  const { meter, values } = slowMeter(30);
  const handler = middy<{ value: number; fail?: boolean }, string>()
    .use(meterUsage(meter))
    .handler(async (event) => {
      meter.record(usage(event.value));
      if (event.fail === true) throw new Error("It failed.");
      return "done";
    });
  const invoke = handler as unknown as (event: object, context: object) => Promise<unknown>;
  await expect(invoke({ value: 1 }, context)).resolves.toBe("done");
  expect(values).toEqual([1]);
  await expect(invoke({ value: 2, fail: true }, context)).rejects.toThrow("It failed.");
  expect(values).toEqual([1, 2]);
});

test("a handler without middy does the same", async () => {
  const { meter, values } = slowMeter(30);
  const handler = flushAfter(meter, async (event: { value: number }) => {
    meter.record(usage(event.value));
    if (event.value === 2) throw new Error("It failed.");
    return event.value;
  });
  await expect(handler({ value: 1 }, context)).resolves.toBe(1);
  await expect(handler({ value: 2 }, context)).rejects.toThrow("It failed.");
  expect(values).toEqual([1, 2]);
});

test("delivery leaves the invocation its last half second, and what is left goes out with the next one", async () => {
  const { meter, values } = slowMeter(300);
  const left: number[] = [];
  const handler = flushAfter(
    meter,
    async (value: number) => {
      meter.record(usage(value));
      return value;
    },
    { onLeft: (events) => left.push(events) },
  );
  const since = performance.now();
  await handler(1, { getRemainingTimeInMillis: () => 550 });
  expect(performance.now() - since).toBeLessThan(250);
  expect(left).toEqual([1]);
  await handler(2, context);
  expect(values).toEqual([1, 2]);
  expect(left).toEqual([1]);
});
