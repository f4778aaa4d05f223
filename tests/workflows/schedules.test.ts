import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Graph, ofType } from "@tenantry/local-cloud/deploy/graph";
import { expect, test } from "vitest";
import { poll, signIn } from "../support/api.ts";
import { ask, askJson } from "../support/aws.ts";
import { newTenant } from "../support/billing.ts";
import { ready } from "../support/ready.ts";

type Target = { readonly arn: string; readonly input?: string };

test("every function that a schedule runs does so without an error, as its role lets it", async () => {
  await newTenant(ready(), await signIn(ready()), "trial");
  const graph = JSON.parse(readFileSync(join(ready().data, "deploy/graph.json"), "utf8")) as Graph;
  const schedules = ofType(graph, "aws:scheduler/schedule:Schedule");
  const names = schedules.map(({ name }) => name.replace(/Schedule$/, ""));
  expect(names).toEqual(expect.arrayContaining(["CloseMonths", "RollUpUsage", "SampleRebuilds", "SweepOperations"]));
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const run = async ({ name, inputs }: (typeof schedules)[number]) => {
    const { arn, input = "{}" } = inputs["target"] as Target;
    const answer = await ask(ready(), "lambda", `/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`, {
      method: "POST",
      body: input.replaceAll("<aws.scheduler.scheduled-time>", time),
    });
    expect([name, answer]).toEqual([name, expect.not.stringContaining("errorMessage")]);
  };
  // While there is a fault, though it meets nobody, the gateway is told of each SQL statement.
  const idle = { service: "postgres", match: "no statement has this", kind: "delay", delayMs: 1, times: 1 };
  await ask(ready(), "faults", "/_faults", { method: "POST", body: JSON.stringify(idle) });
  await Promise.all(schedules.map(run));
  await ask(ready(), "faults", "/_faults", { method: "DELETE" });
});

test("the night's sample of rebuilds runs to its end, and what is kept is what the archive says", async () => {
  const sampled = async (): Promise<string[]> => {
    const { executions } = await askJson(ready(), "states", "AWSStepFunctions.ListExecutions", {
      stateMachineArn: ready().rebuild_state_machine,
      maxResults: 1000,
    });
    return (executions as { name: string; status: string }[]).flatMap(({ name, status }) =>
      name.startsWith("sample-") ? [status] : [],
    );
  };
  const statuses = await poll(sampled, (found) => found.length > 0 && !found.includes("RUNNING"));
  expect(statuses.length).toBeGreaterThan(0);
  expect(new Set(statuses)).toEqual(new Set(["SUCCEEDED"]));
});
