import { onboardingSteps } from "@tenantry/core/operation/operation";
import { beforeAll, describe, expect, test } from "vitest";
import { poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";
import { handshake, type Message, watch, type Watcher } from "../support/task-status.ts";

let token: string;
beforeAll(async () => {
  token = await signIn(ready());
});

const begin = async (): Promise<string> => {
  const body = {
    name: `Watched ${crypto.randomUUID().slice(0, 8)}`,
    tier: "standard",
    config: { region: "us-east-1" },
  };
  const accepted = await send(ready(), "POST", "/admin/tenants", { token, body });
  if (accepted.status !== 202) throw new Error(accepted.text);
  return (accepted.headers.get("location") ?? "").split("/").at(-1) ?? "";
};

const until = (watcher: Watcher, done: (changes: Message[]) => boolean): Promise<Message[]> =>
  poll(async () => watcher.changes, done);

const subscribed = (watcher: Watcher): Promise<Message[]> =>
  poll(
    async () => watcher.answers,
    (answers) => answers.length > 0,
  );

const ended =
  (operation: string) =>
  (changes: Message[]): boolean =>
    changes.some((one) => one.operation_id === operation && one.step === null && one.status === "succeeded");

/** What each step went through, by the changes in the order of their `seq`. */
const courses = (changes: readonly Message[], operation: string): Record<string, string[]> => {
  const found: Record<string, string[]> = {};
  for (const one of changes.filter(({ operation_id }) => operation_id === operation).toSorted((a, b) => a.seq - b.seq))
    (found[one.step ?? "operation"] ??= []).push(one.status);
  return found;
};

const whole = {
  ...Object.fromEntries(onboardingSteps.map((step) => [step, ["running", "succeeded"]])),
  operation: ["pending", "running", "succeeded"],
};

describe("the handshake", () => {
  test.for([
    ["no token", "", {}],
    ["a token that is none", "?access_token=nonsense", {}],
    ["a token that nobody signed", "?access_token=e30.e30.e30", {}],
    ["a header that is none", "", { authorization: "Basic x" }],
  ] as const)("with %s is refused with 401", async ([, query, headers]) => {
    expect(await handshake(`${ready().task_status_url}${query}`, headers)).toBe(401);
  });

  test("with two tokens is refused, even if they are equal", async () => {
    const url = `${ready().task_status_url}?access_token=${token}`;
    expect(await handshake(url, { authorization: `Bearer ${token}` })).toBe(401);
    expect(await handshake(url)).toBe(101);
  });
});

test("whoever watches sees every step begin and end, in order", async () => {
  const watcher = await watch(ready(), token, { how: "query" });
  watcher.send({ action: "subscribe" });
  await subscribed(watcher);
  const operation = await begin();
  const changes = await until(watcher, ended(operation));
  expect(courses(changes, operation)).toEqual(whole);
  const own = changes.filter(({ operation_id }) => operation_id === operation).map(({ seq }) => seq);
  expect(own).toEqual(own.toSorted((a, b) => a - b));
  await watcher.close();
});

test("a client that comes back misses nothing and knows what it has", async () => {
  const first = await watch(ready(), token);
  first.send({ action: "subscribe" });
  await subscribed(first);
  const operation = await begin();
  await until(first, (changes) => changes.filter(({ operation_id }) => operation_id === operation).length >= 4);
  await first.close();
  const known = [...first.changes];
  expect(ended(operation)(known), "the connection must have ended in the middle").toBe(false);
  await poll(
    () => send(ready(), "GET", `/admin/operations/${operation}`, { token }),
    ({ body }) => body.status === "succeeded",
  );

  const second = await watch(ready(), token, { known });
  second.send({ action: "subscribe", since: known.at(-1).id });
  await subscribed(second);
  await until(second, ended(operation));
  expect(courses([...known, ...second.changes], operation)).toEqual(whole);
  await second.close();

  // On the operation alone the position is exact: of what the client has, only the last write comes again.
  const third = await watch(ready(), token, { known });
  third.send({
    action: "subscribe",
    operation_id: operation,
    since: known.findLast((one) => one.operation_id === operation).id,
  });
  await until(third, ended(operation));
  expect(courses([...known, ...third.changes], operation)).toEqual(whole);
  expect(third.repeated()).toBeLessThanOrEqual(2);
  await third.close();
});

test("who comes later is told how an operation stands", async () => {
  const operation = await begin();
  await poll(
    () => send(ready(), "GET", `/admin/operations/${operation}`, { token }),
    ({ body }) => body.status === "succeeded",
  );
  const watcher = await watch(ready(), token);
  watcher.send({ action: "subscribe", operation_id: operation });
  // A push of the last write may still be under way and come besides the replay: the highest `seq` of each step counts.
  const standing = (changes: readonly Message[]) =>
    Object.fromEntries(
      changes.toSorted((a, b) => a.seq - b.seq).map(({ step, status }) => [step ?? "operation", status]),
    );
  const expected = Object.fromEntries([...onboardingSteps, "operation"].map((step) => [step, "succeeded"]));
  const changes = await until(watcher, (all) => Object.keys(standing(all)).length === Object.keys(expected).length);
  expect(standing(changes)).toEqual(expected);
  await watcher.close();
});

test.for([
  ["no json", "invalid-json"],
  ['{"action":"subscribe","operation_id":"op_1"}', "invalid-request"],
  ['{"action":"subscribe","operation_id":"op_01JD0000000000000000000000"}', "operation-not-found"],
  ['{"action":"subscribe","since":"yesterday"}', "invalid-request"],
  ['{"action":"dance"}', "invalid-request"],
] as const)("%s is answered with the problem %s", async ([message, code]) => {
  const watcher = await watch(ready(), token);
  watcher.send(message);
  const [answer] = await subscribed(watcher);
  expect(answer).toMatchObject({
    type: expect.stringMatching(new RegExp(`/${code}$`)),
    request_id: expect.any(String),
  });
  watcher.send({ action: "ping" });
  await poll(
    async () => watcher.answers,
    (answers) => answers.length > 1,
  );
  expect(watcher.answers.at(-1)).toEqual({ type: "pong" });
  await watcher.close();
});
