import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { AwsError } from "../../gateway/service.ts";
import type { Invocation } from "../../part.ts";
import { testGraph, testHost } from "../testing/host.ts";
import { serve } from "../testing/serve.ts";
import { createStatesPart } from "./part.ts";

export const role = "arn:aws:iam::123456789012:role/onboarding";

export const machineArn = (name: string): string => `arn:aws:states:us-east-1:123456789012:stateMachine:${name}`;

export const machine = (name: string, definition: unknown, type = "STANDARD") => ({
  type: "aws:sfn/stateMachine:StateMachine",
  name,
  outputs: { name, arn: machineArn(name), roleArn: role, type, definition: JSON.stringify(definition) },
});

/** A function of a test: what it returns is the payload; an error it throws is the function's, or the service's. */
export type TestFunction = (payload: Record<string, unknown>, attempt: number) => unknown;

/** Step Functions alone, with functions that the test provides. */
export const startStates = async (options: { functions?: Record<string, TestFunction>; data?: string } = {}) => {
  const data = options.data ?? mkdtempSync(join(tmpdir(), "states-"));
  const calls: { service: string; action: string; input: unknown }[] = [];
  const attempts = new Map<string, number>();
  const invoke = async (name: string, payload: unknown): Promise<Invocation> => {
    const attempt = attempts.get(name) ?? 0;
    attempts.set(name, attempt + 1);
    const run = options.functions?.[name.split(":").at(-1) ?? ""];
    if (run === undefined) throw new AwsError("ResourceNotFoundException", `Function not found: ${name}`, 404);
    try {
      return { payload: await run(payload as Record<string, unknown>, attempt) };
    } catch (error) {
      if (!(error instanceof Error) || error instanceof AwsError) throw error;
      const { name: errorType, message: errorMessage } = error;
      return { payload: null, error: { errorType, errorMessage, trace: ["at handler"] } };
    }
  };
  const host = testHost(data, {
    invoke,
    call: async (service, action, input) => {
      calls.push({ service, action, input });
      return {};
    },
  });
  const part = await createStatesPart(host, () => ({
    invoke,
    call: (service, action, input) => host.call(service, action, input),
  }));
  const service = part.services?.[0];
  if (service === undefined) throw new Error("the part has no service");
  const server = await serve(service);
  const client = new SFNClient({
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    disableHostPrefix: true,
    maxAttempts: 1,
  });
  const describeEnd = async (executionArn: string) => {
    for (;;) {
      const description = await client.send(new DescribeExecutionCommand({ executionArn }));
      if (description.status !== "RUNNING") return description;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return {
    data,
    host,
    part,
    client,
    calls,
    attempts,
    describeEnd,
    deploy: (...machines: ReturnType<typeof machine>[]) => part.apply?.(testGraph(machines)),
    /** Runs a machine to its end. */
    async run(name: string, input: unknown = {}) {
      const { executionArn = "" } = await client.send(
        new StartExecutionCommand({ stateMachineArn: machineArn(name), input: JSON.stringify(input) }),
      );
      const end = await describeEnd(executionArn);
      return { ...end, value: end.output === undefined ? undefined : (JSON.parse(end.output) as unknown) };
    },
    async history(executionArn: string | undefined) {
      const { events = [] } = await client.send(new GetExecutionHistoryCommand({ executionArn }));
      return events;
    },
    async close() {
      await part.close?.();
      client.destroy();
      await server.close();
      host.store.close();
    },
  };
};
