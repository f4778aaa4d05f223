import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonService } from "../protocols/json.ts";
import { createGateway, type Gateway } from "./server.ts";
import { graphOf, roleOf } from "./testing.ts";
import { codeOf, sendSigned, type SignedCall } from "./signed.testing.ts";

describe("faults", () => {
  let gateway: Gateway;
  let runs = 0;
  beforeAll(async () => {
    gateway = await createGateway({ port: 0 });
    const StartExecution = (): object => ({ runs: (runs += 1) });
    gateway.setServices([
      jsonService({ name: "states", target: "AWSStepFunctions", version: "1.0", actions: { StartExecution } }),
    ]);
  });
  afterAll(() => gateway.close());
  const machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
  const start = (input: object = {}, credentials?: SignedCall["credentials"]) =>
    sendSigned(gateway.endpoint, {
      ...(credentials ? { credentials } : {}),
      service: "states",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AWSStepFunctions.StartExecution" },
      body: JSON.stringify({ stateMachineArn: machine, ...input }),
    });
  const faults = (method: string, body = "", credentials?: SignedCall["credentials"], query = "") =>
    sendSigned(gateway.endpoint, {
      service: "faults",
      path: `/_faults${query}`,
      method,
      body,
      ...(credentials ? { credentials } : {}),
    });
  const inject = (rule: object) =>
    faults("POST", JSON.stringify({ service: "states", action: "StartExecution", ...rule }));

  test.for([
    ["throttle", 400, "ThrottlingException", 0],
    ["error", 500, "InternalFailure", 0],
    ["lost-reply", 500, "InternalFailure", 1],
    ["duplicate", 200, undefined, 2],
    ["refuse", 400, "ValidationException", 0],
    ["refuse-after", 400, "ValidationException", 1],
  ] as const)("%s: answers %i, and the call runs so many times", async ([kind, status, code, times]) => {
    await inject({ kind, times: 1 });
    runs = 0;
    const first = await start();
    expect([first.status, codeOf(first.text), runs]).toEqual([status, code, times]);
    expect((await start()).status).toBe(200);
    await faults("DELETE");
  });

  test("ignore: answers nothing, and the call does not run", async () => {
    await inject({ kind: "ignore", times: 1 });
    runs = 0;
    expect(await start()).toMatchObject({ status: 200, text: "" });
    expect(runs).toBe(0);
    await faults("DELETE");
  });

  test("a delay holds the call back", async () => {
    await inject({ kind: "delay", delayMs: 120, times: 1 });
    const before = performance.now();
    await start();
    expect(performance.now() - before).toBeGreaterThan(110);
    await faults("DELETE");
  });

  test("a rule hits only what it matches, and is listed with its hits", async () => {
    await inject({ kind: "error", match: "needle" });
    expect((await start()).status).toBe(200);
    expect((await start({ name: "needle" })).status).toBe(500);
    expect(JSON.parse((await faults("GET")).text).faults).toMatchObject([{ match: "needle", hits: 1 }]);
    await faults("DELETE");
    expect((await start({ name: "needle" })).status).toBe(200);
  });

  test("a rule of several actions hits each of them, and no other", async () => {
    await inject({ kind: "error", action: ["StopExecution", "StartExecution"] });
    expect((await start()).status).toBe(500);
    await faults("DELETE");
    await inject({ kind: "error", action: ["StopExecution"] });
    expect((await start()).status).toBe(200);
    await faults("DELETE");
    expect((await inject({ kind: "error", action: [1] })).status).toBe(400);
  });

  describe("on the worker that sends the request", () => {
    const told: string[] = [];
    let id = "first";
    let second = false;
    const work = (payload: object) => ({
      functionName: "task",
      id,
      payload: JSON.stringify(payload),
      second,
      kill: async (spared?: boolean) => void told.push(`${spared === true ? "cut off" : "kill"} after ${runs}`),
      timeOut: async () => void told.push(`timeout after ${runs}`),
      again: async () => void told.push(`again after ${runs}`),
    });
    const worker = () => gateway.credentials("runner", "worker");
    let mine: ReturnType<typeof worker>;
    beforeAll(() => {
      mine = worker();
      gateway.setGraph(
        graphOf(roleOf("runner", [{ Effect: "Allow", Action: "states:StartExecution", Resource: "*" }])),
      );
      gateway.setWorkers((key) =>
        key === mine.accessKeyId ? work({ step: "Provision", tenant_id: "ten_1" }) : undefined,
      );
    });
    const call = (credentials?: SignedCall["credentials"]) => start({}, credentials);
    test("kill, of a worker that is spared", async () => {
      await inject({ kind: "kill-after", times: 1, spared: true });
      [told.length, runs] = [0, 0];
      expect((await call(mine)).status).toBe(500);
      expect(told).toEqual(["cut off after 1"]);
      expect((await inject({ kind: "kill", spared: "yes" })).status).toBe(400);
      await faults("DELETE");
    });

    test("a second run beside the first meets none of it", async () => {
      await inject({ kind: "error" });
      second = true;
      expect((await call(mine)).status).toBe(200);
      second = false;
      expect((await call(mine)).status).toBe(500);
      await faults("DELETE");
    });

    test.for([
      ["kill", "kill after 0", 0],
      ["kill-after", "kill after 1", 1],
      ["timeout", "timeout after 0", 0],
      ["timeout-after", "timeout after 1", 1],
      ["again", "again after 0", 1],
    ] as const)("%s", async ([kind, what, times]) => {
      await inject({ kind, times: 1, skip: 1, invocation: ["Provision", "ten_1"] });
      told.length = 0;
      expect((await call(worker())).status).toBe(200);
      expect((await call(mine)).status).toBe(200);
      expect(told).toEqual([]);
      runs = 0;
      const { status } = await call(mine);
      expect([status, told, runs]).toEqual([kind === "again" ? 200 : 500, [what], times]);
      await faults("DELETE", "", undefined, "?invocation=ten_2");
      expect(JSON.parse((await faults("GET")).text).faults).toHaveLength(1);
      await faults("DELETE", "", undefined, "?invocation=ten_1");
      expect(JSON.parse((await faults("GET")).text).faults).toEqual([]);
    });
    test("is held until there is a rule for it, and then meets that one", async () => {
      await inject({ kind: "hold", invocation: ["Provision"], delayMs: 5000 });
      const held = call(mine);
      const free = call(worker());
      expect((await free).status).toBe(200);
      await faults(
        "POST",
        JSON.stringify([
          { service: "none", kind: "delay", invocation: ["ten_2"] },
          { service: "states", kind: "refuse", skip: 1, times: 1, invocation: ["ten_1"] },
          { service: "states", kind: "throttle", skip: 2, times: 1, invocation: ["ten_1"] },
        ]),
      );
      expect((await held).status).toBe(200);
      expect(codeOf((await call(mine)).text)).toBe("ValidationException");
      expect(codeOf((await call(mine)).text)).toBe("ThrottlingException");
      expect((await call(mine)).status).toBe(200);
      await faults("DELETE");
    });
    test("is counted anew in each invocation", async () => {
      await inject({ kind: "refuse", skip: 1, times: 2, invocation: ["ten_1"] });
      const statuses: number[] = [];
      for (id of ["first", "first", "second", "second", "third", "third"]) statuses.push((await call(mine)).status);
      expect(statuses).toEqual([200, 400, 200, 400, 200, 200]);
      await faults("DELETE");
    });
    test("passes by as many invocations as it says", async () => {
      await inject({ kind: "refuse", skip: 1, turn: 1, times: 2, invocation: ["ten_1"] });
      const statuses: number[] = [];
      for (id of ["fourth", "fourth", "fifth", "fifth", "sixth", "sixth", "fourth"])
        statuses.push((await call(mine)).status);
      expect(statuses).toEqual([200, 200, 200, 400, 200, 400, 200]);
      await faults("DELETE");
      expect((await inject({ kind: "error", turn: -1 })).status).toBe(400);
    });
    test("its calls are written down while somebody asks for it", async () => {
      const calls = (method: string) =>
        sendSigned(gateway.endpoint, { service: "faults", path: "/_calls?match=ten_1", method, body: "" });
      await call(mine);
      await calls("POST");
      await call(mine);
      await call();
      expect(JSON.parse((await calls("GET")).text).calls).toMatchObject([
        { service: "states", action: "StartExecution", functionName: "task" },
      ]);
      await calls("DELETE");
      expect(JSON.parse((await calls("GET")).text).calls).toEqual([]);
    });
  });

  test("is for the operator, with rules that make sense", async () => {
    expect((await faults("GET", "", gateway.credentials("anyone", "s"))).status).toBe(403);
    expect((await fetch(`${gateway.endpoint}/_faults`)).status).toBe(403);
    expect((await faults("POST", '{"service":"s3","kind":"explode"}')).status).toBe(400);
    expect((await faults("POST", "{")).status).toBe(400);
  });
});
