import { expect, test } from "vitest";
import { createWrites } from "./writes.ts";

const long = 60_000;
const never = new AbortController().signal;
const body = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** Whether it has resolved by now. */
const resolved = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);

test("who waits hears of a write to what it watches, and of no other", async () => {
  const writes = createWrites();
  const orders = writes.watch("orders");
  const heard = orders.after(orders.count, long, never);
  writes.tell(body({ TableName: "invoices" }));
  expect(await resolved(heard)).toBe(false);
  writes.tell(body({ RequestItems: { invoices: [], orders: [] } }));
  expect(await resolved(heard)).toBe(true);
});

test("a write between the look and the wait is not missed", async () => {
  const writes = createWrites();
  const orders = writes.watch("orders");
  const { count } = orders;
  writes.tell(body({ TableName: "orders" }));
  expect(await resolved(orders.after(count, long, never))).toBe(true);
  expect(await resolved(orders.after(orders.count, long, never))).toBe(false);
});

test("several watch the same; a signal or the time ends the wait", async () => {
  const writes = createWrites();
  const [one, other] = [writes.watch("orders"), writes.watch("orders")];
  const stop = new AbortController();
  const waits = [one.after(0, long, stop.signal), other.after(0, long, never), one.after(0, 1, never)];
  stop.abort();
  expect(await resolved(waits[0]!)).toBe(true);
  await waits[2];
  expect(await resolved(waits[1]!)).toBe(false);
  writes.tell(body({ TableName: "orders" }));
  expect(await resolved(waits[1]!)).toBe(true);
  expect(await resolved(one.after(1, long, stop.signal))).toBe(true);
});
