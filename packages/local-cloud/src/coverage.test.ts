import { expect, test } from "vitest";
import { checkCovered } from "./coverage.ts";
import type { Graph } from "./deploy/graph.ts";

const graphOf = (...types: string[]): Graph => ({
  project: "app",
  stage: "local",
  region: "us-east-1",
  account: "123456789012",
  outputs: {},
  assets: "",
  resources: types.map((type) => ({
    type,
    name: "Thing",
    urn: `urn:${type}`,
    id: "1",
    custom: !type.startsWith("sst:"),
    inputs: {},
    outputs: {},
    dependsOn: [],
    options: { ignoreChanges: [] },
    secrets: [],
  })),
});

const table = { name: "tables", types: ["aws:dynamodb/table:Table"] };

test("what a part takes, what needs nothing and what is no resource of a provider passes", () => {
  const graph = graphOf("aws:dynamodb/table:Table", "aws:ec2/vpc:Vpc", "sst:aws:Vpc", "pulumi:providers:aws");
  expect(() => checkCovered(graph, [table])).not.toThrow();
});

test("a resource that no part takes is named", () => {
  const graph = graphOf("aws:dynamodb/table:Table", "aws:mq/broker:Broker");
  expect(() => checkCovered(graph, [table])).toThrow(/aws:mq\/broker:Broker \(Thing\)/);
  expect(() => checkCovered(graph, [])).toThrow(/aws:dynamodb\/table:Table/);
});
