import type { Work } from "../gateway/workers.ts";
import type { Host, Invocation, Part } from "../part.ts";
import { lambdaService } from "../services/lambda.ts";
import { createDeliveries } from "./deliveries.ts";
import type { Statements } from "./environment.ts";
import { createLambdaHost } from "./host.ts";
import { createSources } from "./sources/sources.ts";

/** The part that stands behind `Host.invoke`. */
export type LambdaPart = Part & {
  invoke(functionName: string, payload: unknown): Promise<Invocation>;
  /** What runs now, of all functions or in the worker that was given this access key. */
  running(accessKeyId?: string): Work[];
};

/** Lambda: the functions of the graph, the API to invoke them, and their event source mappings. */
export const lambdaPart = async (host: Host, statements?: Statements): Promise<LambdaPart> => {
  const functions = await createLambdaHost(host, statements ? { statements } : {});
  const deliveries = createDeliveries(host, "lambda.async");
  const sources = createSources(host, (arn) => functions.find(arn).role);
  return {
    name: "lambda",
    services: [lambdaService({ lambda: functions, deliveries, sources })],
    types: [
      "aws:lambda/function:Function",
      "aws:lambda/permission:Permission",
      "aws:lambda/eventSourceMapping:EventSourceMapping",
      "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    ],
    invoke: (functionName, payload) => functions.invoke(functionName, payload),
    running: (accessKeyId) => functions.running(accessKeyId),
    async apply(graph) {
      await functions.apply(graph);
      await sources.apply(graph);
    },
    async start() {
      deliveries.resume();
      await sources.start();
    },
    async close() {
      deliveries.close();
      const stopped = sources.close();
      await functions.close();
      await stopped;
    },
  };
};
