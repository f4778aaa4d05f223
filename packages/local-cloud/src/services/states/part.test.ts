import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../../gateway/testing.ts";
import { eventsPart } from "../events.ts";
import { statesPart } from "./part.ts";
import { machine, machineArn } from "./testing.ts";

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await startTestCloud([statesPart, eventsPart]);
  const statement = { Effect: "Allow", Action: "states:StartExecution", Resource: machineArn("pass") };
  const wait = { StartAt: "Wait", States: { Wait: { Type: "Wait", Seconds: 1, End: true } } };
  const pass = { StartAt: "Pass", States: { Pass: { Type: "Pass", End: true } } };
  const machines = [machine("pass", pass), machine("wait", wait)].map((one) => ({ ...one, inputs: one.outputs }));
  await cloud.apply(graphOf(roleOf("api", [statement]), ...machines));
});

afterAll(() => cloud.close());

test("a role starts the machine that its policy names, and the default bus tells of it", async () => {
  const client = new SFNClient(cloud.client("api"));
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn: machineArn("pass") }));
  const told = async (): Promise<unknown[]> => {
    const response = await fetch(`${cloud.gateway.endpoint}/_events?source=aws.states`);
    const { events } = (await response.json()) as { events: { detail: { executionArn: string; status: string } }[] };
    return events.filter(({ detail }) => detail.executionArn === executionArn).map(({ detail }) => detail.status);
  };
  await vi.waitFor(async () => expect(new Set(await told())).toEqual(new Set(["RUNNING", "SUCCEEDED"])));
});

test("and no other", async () => {
  const client = new SFNClient(cloud.client("api"));
  const start = new StartExecutionCommand({ stateMachineArn: machineArn("wait") });
  await expect(client.send(start)).rejects.toMatchObject({ name: "AccessDeniedException" });
});
