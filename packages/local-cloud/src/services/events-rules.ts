import { type Graph, ofType } from "../deploy/graph.ts";
import { compilePattern, type EventPattern } from "../lambda/pattern.ts";
import { checkTarget, type Target } from "./events-target.ts";

export type Rule = {
  readonly name: string;
  readonly arn: string;
  readonly bus: string;
  readonly enabled: boolean;
  readonly matches?: EventPattern;
  readonly schedule?: string;
  readonly targets: readonly Target[];
};

/** The name of a bus out of its name or ARN. */
export const busName = (nameOrArn: unknown): string =>
  (typeof nameOrArn === "string" ? nameOrArn : "default").split("/").at(-1) ?? "default";

export const readBuses = (graph: Graph): string[] => [
  "default",
  ...ofType(graph, "aws:cloudwatch/eventBus:EventBus").map(({ inputs }) => busName(inputs["name"])),
];

type Statement = {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action: unknown;
  readonly Resource: unknown;
};

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Whether the policy of a queue lets EventBridge send. Conditions are not looked at. */
const queuesThatAdmit = (graph: Graph): ((arn: string) => boolean) => {
  const statements = ofType(graph, "aws:sqs/queuePolicy:QueuePolicy").flatMap(
    ({ inputs }) =>
      listOf((JSON.parse(String(inputs["policy"])) as { Statement: Statement | Statement[] }).Statement) as Statement[],
  );
  return (arn) =>
    statements.some(
      ({ Effect, Principal, Action, Resource }) =>
        Effect === "Allow" &&
        listOf(Resource).includes(arn) &&
        listOf(Action).some((action) => action === "sqs:SendMessage" || action === "sqs:*") &&
        listOf((Principal as { Service?: unknown } | undefined)?.Service).includes("events.amazonaws.com"),
    );
};

/** @throws Error that names a rule whose pattern or target does not work. */
export const readRules = (graph: Graph): Rule[] => {
  const admitted = queuesThatAdmit(graph);
  const targets = ofType(graph, "aws:cloudwatch/eventTarget:EventTarget");
  return ofType(graph, "aws:cloudwatch/eventRule:EventRule").map(({ name: logical, id, inputs, outputs }) => {
    const name = String(outputs["name"] ?? inputs["name"] ?? id);
    const bus = busName(inputs["eventBusName"]);
    const own = targets
      .filter((target) => target.inputs["rule"] === name && busName(target.inputs["eventBusName"]) === bus)
      .map((target) => target.inputs as Target);
    for (const target of own) {
      checkTarget(target, logical, ["lambda", "sqs"]);
      if (target.arn.split(":")[2] === "sqs" && !admitted(target.arn))
        throw new Error(`${logical}: the policy of ${target.arn} does not let EventBridge in.`);
    }
    const schedule: unknown = inputs["scheduleExpression"];
    const pattern: unknown = inputs["eventPattern"];
    return {
      name,
      arn: String(outputs["arn"]),
      bus,
      enabled: (inputs["state"] ?? "ENABLED") !== "DISABLED" && inputs["isEnabled"] !== false,
      ...(typeof schedule === "string" ? { schedule } : {}),
      ...(typeof pattern === "string" ? { matches: compilePattern(pattern) } : {}),
      targets: own,
    };
  });
};
