import { beforeEach, describe, expect, test } from "vitest";
import type { Permission } from "../access/policy.ts";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { newOnboarding } from "../operation/begin.ts";
import type { Operation } from "../operation/operation.ts";
import type { ProgressPorts, Subscriber, Subscription } from "./ports.ts";
import { pushProgress } from "./push.ts";
import { subscribe } from "./subscribe.ts";
import { positionText, readPosition, type TaskStatus, type Versioned } from "./task-status.ts";

const start = Date.parse("2026-11-20T13:45:12.000Z");
const [mine, theirs] = ["ten_01JD0000000000000000000001", "ten_01JD0000000000000000000002"];
const [op, other] = ["op_01JD0000000000000000000001", "op_01JD0000000000000000000002"];

const ctxOf = (orgId: string, permissions: Permission[] = ["operations:read"]): Context => ({
  actor: { id: "usr", orgId, permissions: new Set(permissions) },
  requestId: "r",
});

let now: number;
let current: Map<string, Versioned>;
let feeds: Map<string, TaskStatus[]>;
let subscriptions: Subscription[];
let sent: { to: string; message: TaskStatus }[];
let gone: Set<string>;
let broken: Set<string>;
let closed: string[];
let ports: ProgressPorts;

beforeEach(() => {
  now = start;
  [current, feeds, subscriptions, sent] = [new Map(), new Map(), [], []];
  [gone, broken, closed] = [new Set(), new Set(), []];
  ports = {
    clock: () => new Date(now),
    feed: {
      append: async (orgIds, messages) => {
        for (const orgId of orgIds) feeds.set(orgId, [...(feeds.get(orgId) ?? []), ...messages]);
      },
      after: async (orgId, at) => (feeds.get(orgId) ?? []).filter(({ id }) => id > at),
      get: async (id) => current.get(id) ?? null,
      unfinished: async (tenant) =>
        [...current.values()].filter(
          ({ operation }) => operation.ended_at === null && (tenant === undefined || operation.tenant_id === tenant),
        ),
    },
    subscribers: {
      add: async (subscription) => void subscriptions.push(subscription),
      of: async (orgIds) => subscriptions.filter(({ orgId }) => orgIds.includes(orgId)),
      remove: async (id) => {
        subscriptions = subscriptions.filter(({ connectionId }) => connectionId !== id);
      },
    },
    wire: {
      post: async (to, message) => {
        if (gone.has(to)) return "gone";
        if (broken.has(to)) throw new Error("throttled");
        sent.push({ to, message: message as TaskStatus });
        return "sent";
      },
      close: async (id) => void closed.push(id),
    },
  };
});

const subscriber = (connectionId: string): Subscriber => ({ connectionId, expiresAt: start / 1000 + 3600 });

const onboarding = (id: string, tenant: string): Operation => {
  const at = new Date(start).toISOString();
  return { ...newOnboarding(id, tenant, at) };
};

/** Makes the next version of an operation and pushes what it changed. */
const write = async (id: string, change: (operation: Operation) => Operation, tenant = mine): Promise<void> => {
  const before = current.get(id);
  const after = {
    operation: change(before?.operation ?? onboarding(id, tenant)),
    version: (before?.version ?? 0) + 1,
  };
  current.set(id, after);
  now += 1000;
  await pushProgress(ports)({ before: before?.operation ?? null, after });
};

const step = (name: string, status: "running" | "succeeded") => (operation: Operation) => ({
  ...operation,
  steps: operation.steps.map((one) =>
    one.name === name ? { ...one, status, attempts: one.attempts + (status === "running" ? 1 : 0) } : one,
  ),
});

const told = (to: string): string[] =>
  sent
    .filter((one) => one.to === to)
    .map(({ message }) => `${message.seq} ${message.step ?? "operation"} ${message.status}`);

const begin = async (id: string, tenant: string): Promise<void> => {
  await write(id, (operation) => operation, tenant);
  await write(id, step("ValidateTenant", "running"));
  await write(id, step("ValidateTenant", "succeeded"));
};

const whole = ["1 operation pending", "2 ValidateTenant running", "3 ValidateTenant succeeded"];

describe("who is told", () => {
  test("is staff of everything, a tenant of its own operations and nobody else's", async () => {
    await subscribe(ports)(ctxOf(platformOrg), { subscriber: subscriber("staff") });
    await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("mine") });
    await subscribe(ports)(ctxOf(theirs), { subscriber: subscriber("theirs") });
    await begin(op, mine);
    await begin(other, theirs);
    expect(told("staff")).toEqual([...whole, ...whole]);
    expect(told("mine")).toEqual(whole);
    expect(told("theirs")).toEqual(whole);
    expect(new Set(sent.filter(({ to }) => to === "theirs").map(({ message }) => message.tenant_id))).toEqual(
      new Set([theirs]),
    );
  });

  test("of one operation is told of no other", async () => {
    await write(op, (operation) => operation);
    await subscribe(ports)(ctxOf(platformOrg), { subscriber: subscriber("one"), operationId: op });
    await begin(other, theirs);
    expect(told("one")).toEqual(["1 operation pending"]);
  });

  test("of a failure is told how it was only as staff, live, on return and at first sight", async () => {
    const secret = { code: "AccessDeniedException", message: "arn:aws:iam::123456789012:role/secret" };
    await subscribe(ports)(ctxOf(platformOrg), { subscriber: subscriber("staff") });
    await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("mine") });
    await begin(op, mine);
    await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("one"), operationId: op });
    const since = sent.find(({ to }) => to === "mine")?.message.id;
    await write(op, (operation) => ({
      ...operation,
      steps: operation.steps.map((one) =>
        one.name === "ProvisionDatabase" ? { ...one, status: "failed", error: secret } : one,
      ),
    }));
    await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("back"), operationId: op, since });
    await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("late"), operationId: op });
    const errors = (who: string) => sent.filter(({ to, message }) => to === who && message.error !== null);
    expect(errors("staff").map(({ message }) => message.error)).toEqual([secret]);
    for (const who of ["mine", "one", "back", "late"]) {
      expect(
        errors(who).map(({ message }) => message.error?.code),
        who,
      ).toEqual(["StepFailed"]);
      expect(JSON.stringify(sent.filter(({ to }) => to === who))).not.toContain("arn:");
    }
  });

  test.for([
    ["somebody else's operation", ctxOf(theirs), "operation-not-found"],
    ["without the permission", ctxOf(mine, ["usage:read"]), "forbidden"],
    ["without an organisation", ctxOf(""), "forbidden"],
  ] as const)("is not who asks for %s", async ([, ctx, code]) => {
    await begin(op, mine);
    await expect(subscribe(ports)(ctx, { subscriber: subscriber("x"), operationId: op })).rejects.toMatchObject({
      code,
    });
    expect(subscriptions).toEqual([]);
    expect(sent).toEqual([]);
  });

  test("is nobody whose token has expired: the connection is ended", async () => {
    await subscribe(ports)(ctxOf(platformOrg), { subscriber: { connectionId: "old", expiresAt: start / 1000 } });
    await begin(op, mine);
    expect([sent, closed, subscriptions]).toEqual([[], ["old"], []]);
  });
});

describe("who cannot be reached", () => {
  test("is forgotten when gone, and ended otherwise, and holds up nobody", async () => {
    for (const id of ["gone", "broken", "well"])
      await subscribe(ports)(ctxOf(platformOrg), { subscriber: subscriber(id) });
    gone.add("gone");
    broken.add("broken");
    await begin(op, mine);
    expect(told("well")).toEqual(whole);
    expect(closed).toEqual(["broken"]);
    expect(subscriptions.map(({ connectionId }) => connectionId)).toEqual(["well"]);
  });
});

describe("who comes back", () => {
  test("after any of the messages gets the rest, each change once", async () => {
    await begin(op, mine);
    const all = feeds.get(mine) ?? [];
    expect(all).toHaveLength(whole.length);
    for (const [at, last] of all.entries()) {
      sent = [];
      await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("c"), operationId: op, since: last.id });
      expect(told("c")).toEqual(whole.slice(at));
    }
  });

  test("gets what the stream delivered twice once", async () => {
    await begin(op, mine);
    const after = current.get(op);
    if (after) await pushProgress(ports)({ before: onboarding(op, mine), after });
    const [first] = feeds.get(platformOrg) ?? [];
    sent = [];
    await subscribe(ports)(ctxOf(platformOrg), { subscriber: subscriber("c"), since: first?.id });
    expect(told("c")).toEqual(whole);
  });

  test("to one operation gets nothing of another, nor as a tenant how a step failed", async () => {
    await begin(op, mine);
    await begin("op_01JD0000000000000000000003", mine);
    await write(op, (operation) => ({
      ...operation,
      steps: operation.steps.map((one) =>
        one.name === "ProvisionDatabase"
          ? { ...one, status: "failed", error: { code: "E", message: "arn:aws:iam::123456789012:role/secret" } }
          : one,
      ),
    }));
    const [first] = feeds.get(mine) ?? [];
    for (const [who, orgId] of [
      ["owner", mine],
      ["staff", platformOrg],
    ] as const)
      await subscribe(ports)(ctxOf(orgId), { subscriber: subscriber(who), operationId: op, since: first?.id });
    expect(told("staff")).toEqual([...whole, "4 ProvisionDatabase failed"]);
    expect(told("owner")).toEqual(told("staff"));
    expect(JSON.stringify(sent.filter(({ to }) => to === "staff"))).toContain("arn:");
    expect(JSON.stringify(sent.filter(({ to }) => to === "owner"))).not.toContain("arn:");
  });

  test("who watches everything and one operation is told once", async () => {
    for (const operationId of [undefined, op]) {
      if (operationId !== undefined) await write(op, (operation) => operation);
      await subscribe(ports)(ctxOf(platformOrg), { subscriber: subscriber("both"), operationId });
    }
    sent = [];
    await write(op, step("ValidateTenant", "running"));
    expect(told("both")).toEqual(["2 ValidateTenant running"]);
  });

  test("after more than a day gets how things stand", async () => {
    await begin(op, mine);
    const since = positionText({ at: "2026-11-18T00:00:00.000Z", operationId: op, seq: 1 });
    await subscribe(ports)(ctxOf(mine), { subscriber: subscriber("c"), since });
    expect(told("c")).toEqual(["3 ValidateTenant succeeded", "3 operation pending"]);
  });
});

test.for([
  "",
  "x",
  "2026-11-20T13:45:12.000Z",
  `2026-99-20T13:45:12.000Z_${op}_1`,
  `2026-11-20T13:45:12.000Z_${op}_-1`,
])("%j is no position", (text) => expect(readPosition(text)).toBeNull());

test("a position is read as it was written", () => {
  const position = { at: "2026-11-20T13:45:12.000Z", operationId: op, seq: 7 };
  expect(readPosition(positionText(position))).toEqual(position);
});
