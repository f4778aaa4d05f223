import type { Host, Part, PartFactory } from "../../part.ts";
import { createExecutions } from "./executions.ts";
import { type Machine, readMachines, stateMachineType } from "./machines.ts";
import { type RoleClient, roleClients } from "./role-client.ts";
import { statesService } from "./service.ts";

/** Step Functions with its tasks' calls made by clients of the caller's choice. */
export const createStatesPart = async (host: Host, clientOf: (roleArn: string) => RoleClient): Promise<Part> => {
  const executions = createExecutions(host, clientOf);
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

/** Step Functions; tasks are called through the gateway in the name of their state machine's role. */
export const statesPart: PartFactory = async (host) => {
  const clients = roleClients(host);
  const part = await createStatesPart(host, clients.of);
  return {
    ...part,
    async close() {
      await part.close?.();
      clients.close();
    },
  };
};
