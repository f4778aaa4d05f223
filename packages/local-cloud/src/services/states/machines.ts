import { type Graph, ofType } from "../../deploy/graph.ts";
import type { Collection } from "../../store.ts";
import type { Definition } from "./asl.ts";
import { parseDefinition } from "./validate.ts";

export type Machine = {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly type: "STANDARD" | "EXPRESS";
  readonly definition: Definition;
  /** The definition as it was deployed. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly creationDate: number;
};

export const stateMachineType = "aws:sfn/stateMachine:StateMachine";

/** The state machines of a graph. @throws Error that names the machine whose definition cannot run. */
export const readMachines = (graph: Graph, created: Collection<number>): Map<string, Machine> => {
  const machines = new Map<string, Machine>();
  for (const { name: logicalName, outputs } of ofType(graph, stateMachineType)) {
    const arn = String(outputs["arn"]);
    const creationDate = created.get(arn) ?? Date.now();
    created.put(arn, creationDate);
    const text = String(outputs["definition"]);
    try {
      machines.set(arn, {
        arn,
        name: String(outputs["name"] ?? arn.split(":").at(-1)),
        roleArn: String(outputs["roleArn"]),
        type: outputs["type"] === "EXPRESS" ? "EXPRESS" : "STANDARD",
        definition: parseDefinition(text),
        text,
        creationDate,
      });
    } catch (error) {
      throw new Error(`State machine ${logicalName}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
  return machines;
};
