import type { Host, Invocation, Part } from "../part.ts";
import { lambdaService } from "../services/lambda.ts";
import { createDeliveries } from "./deliveries.ts";
import { createLambdaHost } from "./host.ts";
import { createSources } from "./sources/sources.ts";

/** The part that stands behind `Host.invoke`. */
export type LambdaPart = Part & {
  invoke(functionName: string, payload: unknown): Promise<Invocation>;
};

/** Lambda: the functions of the graph, the API to invoke them, and their event source mappings. */
export const lambdaPart = async (host: Host): Promise<LambdaPart> => {
  const lambda = await createLambdaHost(host);
  const deliveries = createDeliveries(host, "lambda.async");
  const sources = createSources(host, (functionArn) => lambda.find(functionArn).role);
  return {
    name: "lambda",
    services: [lambdaService({ lambda, deliveries, sources })],
    types: [
      "aws:lambda/function:Function",
      "aws:lambda/permission:Permission",
      "aws:lambda/eventSourceMapping:EventSourceMapping",
      "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    ],
    async apply(graph) {
      await lambda.apply(graph);
      await sources.apply(graph);
    },
    async start() {
      deliveries.resume();
      await sources.start();
    },
    async close() {
      deliveries.close();
      const stopped = sources.close();
      await lambda.close();
      await stopped;
    },
    invoke: (functionName, payload) => lambda.invoke(functionName, payload),
  };
};
