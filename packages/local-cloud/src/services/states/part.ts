import type { PartFactory } from "../../part.ts";
import { createExecutions } from "./executions.ts";
import type { Authorise } from "./integrations.ts";
import { type Machine, readMachines, stateMachineType } from "./machines.ts";
import { statesService } from "./service.ts";

/** Step Functions. `authorise` says what a state machine's role may do. */
export const statesPart =
  (authorise: Authorise): PartFactory =>
  async (host) => {
    const executions = createExecutions(host, authorise);
    const created = host.store.collection<number>("states-machines");
    let machines: ReadonlyMap<string, Machine> = new Map();
    return {
      name: "states",
      services: [statesService(() => machines, executions)],
      types: [stateMachineType],
      async apply(graph) {
        machines = readMachines(graph, created);
      },
      async start() {
        executions.failInterrupted();
      },
      close: () => executions.close(),
    };
  };
