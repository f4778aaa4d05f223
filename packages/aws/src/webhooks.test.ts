import type { Context } from "@tenantry/core/context";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import type { Attempt } from "@tenantry/core/webhook/delivery";
import { deliverWebhook } from "@tenantry/core/webhook/deliver";
import { fanOutWebhooks } from "@tenantry/core/webhook/fan-out";
import type { DeliveryJob } from "@tenantry/core/webhook/ports";
import { redeliverWebhook } from "@tenantry/core/webhook/redeliver";
import { enableWebhook } from "@tenantry/core/webhook/enable";
import { sweepDeliveries } from "@tenantry/core/webhook/sweep";
import {
  claimMilliseconds,
  delayAfter,
  overdueMilliseconds,
  retryDelays,
  sweptMilliseconds,
} from "@tenantry/core/webhook/schedule";
import type { Webhook } from "@tenantry/core/webhook/webhook";
import { GetCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { keys } from "./control-table.ts";
import { newId } from "./new-id.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { dynamoWebhookDeliveries } from "./webhook-deliveries.ts";
import { dynamoWebhooks } from "./webhooks.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await startDynamo();
});
afterAll(() => engine.stop());

const ctx: Context = {
  actor: { id: "usr", orgId: platformOrg, permissions: new Set(permissions) },
  requestId: "req-1",
};

/** The verbs on the real table, with a clock, a queue and a receiver that the test holds in its hands. */
const world = async (name: string) => {
  await createControlTable(engine.documents, name);
  let now = Date.parse("2026-11-20T12:00:00.000Z");
  const jobs: { job: DeliveryJob; delay: number }[] = [];
  const answers: Attempt["status_code"][] = [];
  const sent: string[] = [];
  const faults: { send?: Error } = {};
  const ports = {
    webhooks: dynamoWebhooks(engine.documents, name),
    deliveries: dynamoWebhookDeliveries(engine.documents, name),
    secrets: {
      create: async () => "whsec_",
      read: async () => ["whsec_"],
      rotate: async () => "whsec_",
      remove: async () => {},
    },
    queue: {
      async send(job: DeliveryJob, delay: number) {
        if (faults.send !== undefined) throw faults.send;
        jobs.push({ job, delay });
      },
    },
    receivers: {
      refusal: async () => null,
      async post({ id }: { id: string }): Promise<Attempt> {
        sent.push(id);
        const status_code = answers.shift() ?? 200;
        return { at: new Date(now).toISOString(), status_code, error: null, duration_ms: 1 };
      },
    },
    clock: () => new Date(now),
    newId,
    random: () => 0.5,
  };
  const at = new Date(now).toISOString();
  const webhook: Webhook = {
    id: newId("webhook"),
    url: "https://hooks.example.com/",
    description: null,
    event_types: ["tenant.activated.v1"],
    tenant_id: null,
    status: "enabled",
    disabled_reason: null,
    failing_since: null,
    created_at: at,
    updated_at: at,
  };
  const audit = { id: newId("audit"), at, actor: "usr", action: "webhook.create", tenant_id: platformOrg };
  const entry = { ...audit, request_id: "r", source_ip: null, before: null, after: null };
  await ports.webhooks.create(webhook, { audit: entry, events: [] });
  const event = { id: newId("event"), type: "tenant.activated.v1", subject: "ten_1" };
  const deliver = deliverWebhook(ports);
  return {
    ...{ ports, webhook, event, jobs, answers, sent, faults, deliver },
    fanOut: () => fanOutWebhooks(ports)(event),
    pass: (milliseconds: number) => void (now += milliseconds),
    log: async () => (await ports.deliveries.list(webhook.id, { limit: 10, after: null })).items[0]!,
    hook: () => ports.webhooks.get(webhook.id),
    /** Takes the next job when it is due. */
    async work() {
      const { job, delay } = jobs.shift()!;
      now += delay * 1000;
      return deliver(job);
    },
  };
};

let it: Awaited<ReturnType<typeof world>>;
let table = 0;
beforeEach(async () => {
  it = await world(`webhooks-${(table += 1)}`);
});

describe("an event", () => {
  test("that comes twice makes one delivery, which is sent once", async () => {
    await Promise.all([it.fanOut(), it.fanOut()]);
    expect(it.jobs).toHaveLength(2);
    const outcomes = await Promise.all(it.jobs.splice(0).map(({ job }) => it.deliver(job)));
    // The other finds the attempt being made, or made.
    while (it.jobs.length > 0) outcomes.push(await it.work());
    expect(outcomes.filter((outcome) => outcome !== "early").toSorted()).toEqual(["over", "succeeded"]);
    expect(it.sent).toEqual([it.event.id]);
    expect((await it.log()).attempts).toHaveLength(1);
  });

  test("is tried nine times within a day, then given up", async () => {
    it.answers.push(...Array.from({ length: 9 }, () => 500));
    await it.fanOut();
    const outcomes = [];
    while (it.jobs.length > 0) outcomes.push(await it.work());
    expect(outcomes).toEqual([...Array.from({ length: 8 }, () => "retrying"), "failed"]);
    const { status, attempts, next_attempt_at } = await it.log();
    expect({ status, next_attempt_at }).toEqual({ status: "failed", next_attempt_at: null });
    const times = attempts.map((attempt) => Date.parse(attempt.at));
    expect(times.slice(1).map((time, at) => (time - times[at]!) / 1000)).toEqual([...retryDelays]);
    expect(times.at(-1)! - times[0]!).toBeLessThan(24 * 3600 * 1000);
    expect((await it.hook())?.status).toBe("enabled");
  });

  test("waits on the queue if its job comes before its time", async () => {
    it.answers.push(500);
    await it.fanOut();
    await it.work();
    const { job } = it.jobs.shift()!;
    expect(await it.deliver(job)).toBe("early");
    expect(it.jobs).toEqual([{ job, delay: retryDelays[0] }]);
    expect(it.sent).toHaveLength(1);
  });
});

describe("a worker that dies", () => {
  test("before its record leaves the attempt to another, once its claim is over", async () => {
    await it.fanOut();
    const { job } = it.jobs.shift()!;
    const now = it.ports.clock();
    await it.ports.deliveries.claim(job, now.toISOString(), new Date(now.getTime() + claimMilliseconds).toISOString());
    // Its job comes again before that, and must not be thought done with.
    it.pass(1000);
    expect(await it.deliver(job)).toBe("early");
    expect(it.jobs).toEqual([{ job, delay: (claimMilliseconds - 1000) / 1000 }]);
    it.pass(1);
    expect(await it.work()).toBe("succeeded");
  });

  test("because the queue is out forgets nothing: its job comes again", async () => {
    it.answers.push(500, 500);
    await it.fanOut();
    const { job } = it.jobs.shift()!;
    it.faults.send = new Error("no queue");
    await expect(it.deliver(job)).rejects.toThrow("no queue");
    delete it.faults.send;
    it.pass(claimMilliseconds + 1);
    expect(await it.deliver(job)).toBe("retrying");
    expect(await it.work()).toBe("succeeded");
  });

  test("after it queued the next job and before its record makes that job wait", async () => {
    await it.fanOut();
    const { job } = it.jobs.shift()!;
    await expect(it.deliver({ ...job, turn: 1 })).rejects.toThrow("has not come");
    expect(await it.deliver(job)).toBe("succeeded");
    expect(await it.deliver({ ...job, turn: 1 })).toBe("over");
  });
});

describe("a webhook", () => {
  const failTwice = async (apart: number) => {
    it.answers.push(500, 500);
    await it.fanOut();
    await it.work();
    it.pass(apart);
    return it.work();
  };

  test("that has only failed for five days is disabled, with an event", async () => {
    expect(await failTwice(5 * 24 * 3600 * 1000)).toBe("disabled");
    expect(await it.hook()).toMatchObject({ status: "disabled", disabled_reason: "failing" });
    const { Items = [] } = await engine.documents.send(new ScanCommand({ TableName: `webhooks-${table}` }));
    expect(Items.filter(({ entity }) => entity === "event")).toMatchObject([
      { type: "webhook.disabled.v1", subject: it.webhook.id, data: { reason: "failing" } },
    ]);
    expect(Items.filter(({ entity }) => entity === "audit").map(({ action }) => action)).toContain("webhook.disable");
    const redeliver = redeliverWebhook(it.ports)(ctx, {
      webhookId: it.webhook.id,
      deliveryId: (await it.log()).id,
    });
    await expect(redeliver).rejects.toMatchObject({ code: "state-conflict" });
  });

  test("that failed for less stays, and one success clears its record", async () => {
    expect(await failTwice(4 * 24 * 3600 * 1000)).toBe("retrying");
    expect((await it.hook())?.failing_since).not.toBeNull();
    expect(await it.work()).toBe("succeeded");
    expect((await it.hook())?.failing_since).toBeNull();
  });

  test("that is deleted gets nothing more", async () => {
    await it.fanOut();
    const entry = { id: newId("audit"), at: "2026-11-20T12:00:00.000Z", actor: "usr", action: "webhook.delete" };
    const audit = { ...entry, tenant_id: platformOrg, request_id: "r", source_ip: null, before: null, after: null };
    expect(await it.ports.webhooks.remove(it.webhook.id, { audit, events: [] })).toBe(true);
    expect(await it.work()).toBe("dropped");
    expect(it.sent).toEqual([]);
  });
});

describe("a job that is lost", () => {
  const sweep = () => sweepDeliveries(it.ports)();

  test("before the first attempt is queued again by the sweep, once it is overdue", async () => {
    await it.fanOut();
    it.jobs.splice(0);
    expect(await sweep()).toEqual({ queued: 0 });
    it.pass(overdueMilliseconds + 1);
    expect(await sweep()).toEqual({ queued: 1 });
    expect(await it.work()).toBe("succeeded");
    it.pass(sweptMilliseconds + overdueMilliseconds + 1);
    expect(await sweep()).toEqual({ queued: 0 });
    expect(it.sent).toEqual([it.event.id]);
  });

  test("between two attempts is queued again when the second is overdue", async () => {
    it.answers.push(500);
    await it.fanOut();
    await it.work();
    it.jobs.splice(0);
    it.pass(overdueMilliseconds);
    expect(await sweep()).toEqual({ queued: 0 });
    it.pass(retryDelays[0] * 1000 + 1);
    expect(await sweep()).toEqual({ queued: 1 });
    expect(await it.work()).toBe("succeeded");
    expect(it.sent).toEqual([it.event.id, it.event.id]);
  });

  test("after a redelivery is queued again", async () => {
    await it.fanOut();
    await it.work();
    await redeliverWebhook(it.ports)(ctx, { webhookId: it.webhook.id, deliveryId: (await it.log()).id });
    it.jobs.splice(0);
    it.pass(overdueMilliseconds + 1);
    expect(await sweep()).toEqual({ queued: 1 });
    expect(await it.work()).toBe("succeeded");
  });

  test("is replaced once in a while, not by every sweep: a queue may only be behind", async () => {
    await it.fanOut();
    it.pass(overdueMilliseconds + 1);
    expect([await sweep(), await sweep()]).toEqual([{ queued: 1 }, { queued: 0 }]);
    it.pass(sweptMilliseconds + overdueMilliseconds + 1);
    expect(await sweep()).toEqual({ queued: 1 });
    const outcomes = [];
    while (it.jobs.length > 0) outcomes.push(await it.work());
    expect(outcomes.toSorted()).toEqual(["over", "over", "succeeded"]);
    expect(it.sent).toEqual([it.event.id]);
  });

  test("and cannot be replaced is not forgotten", async () => {
    await it.fanOut();
    it.jobs.splice(0);
    it.pass(overdueMilliseconds + 1);
    it.faults.send = new Error("no queue");
    await expect(sweep()).rejects.toThrow("no queue");
    delete it.faults.send;
    expect(await sweep()).toEqual({ queued: 1 });
  });
});

describe("enabling", () => {
  const enable = (context = ctx) => enableWebhook(it.ports)(context, { webhookId: it.webhook.id });

  test("has a disabled webhook told again, with another five days", async () => {
    it.answers.push(410);
    await it.fanOut();
    expect(await it.work()).toBe("disabled");
    expect(await enable()).toMatchObject({ status: "enabled", disabled_reason: null, failing_since: null });
    it.pass(6 * 24 * 3600 * 1000);
    it.answers.push(500);
    await redeliverWebhook(it.ports)(ctx, { webhookId: it.webhook.id, deliveryId: (await it.log()).id });
    expect(await it.work()).toBe("retrying");
    const { Items = [] } = await engine.documents.send(new ScanCommand({ TableName: `webhooks-${table}` }));
    const audited = Items.filter(({ entity }) => entity === "audit");
    expect(audited.filter(({ action }) => action === "webhook.enable")).toMatchObject([
      { before: { status: "disabled", disabled_reason: "gone" }, after: { status: "enabled" } },
    ]);
  });

  test("changes nothing of one that is enabled, and needs the permission", async () => {
    expect(await enable()).toEqual(it.webhook);
    const reader = { ...ctx, actor: { ...ctx.actor, permissions: new Set(["webhooks:read"] as const) } };
    await expect(enable(reader)).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("redelivery", () => {
  test("begins again from the start, makes jobs gone by void, and is audited", async () => {
    it.answers.push(500);
    await it.fanOut();
    await it.work();
    const [stale] = it.jobs.splice(0);
    const { id } = await it.log();
    await redeliverWebhook(it.ports)(ctx, { webhookId: it.webhook.id, deliveryId: id });
    expect(await it.deliver(stale!.job)).toBe("over");
    expect(await it.work()).toBe("succeeded");
    expect((await it.log()).attempts.map(({ status_code }) => status_code)).toEqual([500, 200]);
    const { Items = [] } = await engine.documents.send(new ScanCommand({ TableName: `webhooks-${table}` }));
    expect(Items.filter(({ entity }) => entity === "audit").map(({ action }) => action)).toContain("webhook.redeliver");
  });

  test("waits for an attempt that is being made", async () => {
    await it.fanOut();
    const now = it.ports.clock();
    const until = new Date(now.getTime() + claimMilliseconds).toISOString();
    await it.ports.deliveries.claim(it.jobs[0]!.job, now.toISOString(), until);
    const { id } = await it.log();
    const again = redeliverWebhook(it.ports)(ctx, { webhookId: it.webhook.id, deliveryId: id });
    await expect(again).rejects.toMatchObject({ code: "state-conflict" });
  });

  test("needs the permission", async () => {
    const nobody = { ...ctx, actor: { ...ctx.actor, permissions: new Set(["webhooks:read"] as const) } };
    const again = redeliverWebhook(it.ports)(nobody, { webhookId: it.webhook.id, deliveryId: "dlv_" });
    await expect(again).rejects.toMatchObject({ code: "forbidden" });
  });
});

test("delays are spread by a fifth and end", () => {
  expect(delayAfter(1, 0)).toBeCloseTo(retryDelays[0] * 0.8);
  expect(delayAfter(1, 1)).toBeCloseTo(retryDelays[0] * 1.2);
  expect(delayAfter(retryDelays.length + 1, 0.5)).toBeNull();
  expect(retryDelays.reduce((sum, delay) => sum + delay * 1.2, 0)).toBeLessThan(24 * 3600);
});

test("the log forgets after thirty days", async () => {
  await it.fanOut();
  const { id, created_at } = await it.log();
  const key = { TableName: `webhooks-${table}`, Key: keys.delivery(it.webhook.id, id) };
  const { Item } = await engine.documents.send(new GetCommand(key));
  expect(Item?.["expires_at"]).toBe(Date.parse(created_at) / 1000 + 30 * 24 * 3600);
});
