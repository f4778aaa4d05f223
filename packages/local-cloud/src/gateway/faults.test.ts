import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonService } from "../protocols/json.ts";
import { createGateway, type Gateway } from "./server.ts";
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
  const start = (input: object = {}) =>
    sendSigned(gateway.endpoint, {
      service: "states",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AWSStepFunctions.StartExecution" },
      body: JSON.stringify(input),
    });
  const faults = (method: string, body = "", credentials?: SignedCall["credentials"]) =>
    sendSigned(gateway.endpoint, {
      service: "faults",
      path: "/_faults",
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
  ] as const)("%s: answers %i, and the call runs so many times", async ([kind, status, code, times]) => {
    await inject({ kind, times: 1 });
    runs = 0;
    const first = await start();
    expect([first.status, codeOf(first.text), runs]).toEqual([status, code, times]);
    expect((await start()).status).toBe(200);
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

  test("is for the operator, with rules that make sense", async () => {
    expect((await faults("GET", "", gateway.credentials("anyone", "s"))).status).toBe(403);
    expect((await fetch(`${gateway.endpoint}/_faults`)).status).toBe(403);
    expect((await faults("POST", '{"service":"s3","kind":"explode"}')).status).toBe(400);
    expect((await faults("POST", "{")).status).toBe(400);
  });
});
