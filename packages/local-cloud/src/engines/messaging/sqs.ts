import { type Graph, ofType } from "../../deploy/graph.ts";
import { errorResponse } from "../../gateway/errors.ts";
import { type AwsRequest, notImplemented, type Service } from "../../gateway/service.ts";
import type { Inject } from "../fauxqs.ts";
import { accountTranslation } from "./account.ts";

const target = "AmazonSQS";

const actions: ReadonlySet<string> = new Set([
  "ChangeMessageVisibility",
  "ChangeMessageVisibilityBatch",
  "CreateQueue",
  "DeleteMessage",
  "DeleteMessageBatch",
  "DeleteQueue",
  "GetQueueAttributes",
  "GetQueueUrl",
  "ListQueueTags",
  "ListQueues",
  "PurgeQueue",
  "ReceiveMessage",
  "SendMessage",
  "SendMessageBatch",
  "SetQueueAttributes",
  "TagQueue",
  "UntagQueue",
]);

export const queueType = "aws:sqs/queue:Queue";

/** SQS behind the gateway; queues have the one account and the gateway's address. */
export const sqsService = (options: { inject: Inject; account: string; endpoint: string }): Service => {
  const { inward, outward } = accountTranslation(options.account);
  const nameOf = (request: AwsRequest): string | null => {
    const [prefix, name] = String(request.headers["x-amz-target"] ?? "").split(".");
    return prefix === target ? (name ?? null) : null;
  };
  const action = (request: AwsRequest): string | null => {
    const name = nameOf(request);
    return name !== null && actions.has(name) ? name : null;
  };
  /** Queue addresses end in `/account/name`; whatever stands before is where the gateway is now. */
  const address = (value: unknown): unknown => {
    const moved = (url: unknown): unknown =>
      typeof url === "string" ? `${options.endpoint}/${url.split("/").slice(-2).join("/")}` : url;
    const answer = value as { QueueUrl?: unknown; QueueUrls?: unknown[] };
    if (answer.QueueUrl !== undefined) return { ...answer, QueueUrl: moved(answer.QueueUrl) };
    return answer.QueueUrls === undefined ? value : { ...answer, QueueUrls: answer.QueueUrls.map(moved) };
  };
  return {
    name: "sqs",
    target,
    action,
    async handle(request) {
      try {
        if (action(request) === null) throw notImplemented("sqs", nameOf(request));
        const body = Buffer.from(JSON.stringify(inward(JSON.parse(request.body.toString("utf8") || "{}"))));
        const headers = { ...request.headers, "content-type": "application/x-amz-json-1.0" };
        const response = await options.inject({ method: "POST", url: "/", headers, body });
        const text = Buffer.from(response.body as Uint8Array).toString("utf8");
        return { ...response, body: text === "" ? "" : JSON.stringify(address(outward(JSON.parse(text)))) };
      } catch (error) {
        return errorResponse(request, error);
      }
    },
  };
};

const attributes: Readonly<Record<string, string>> = {
  contentBasedDeduplication: "ContentBasedDeduplication",
  delaySeconds: "DelaySeconds",
  fifoQueue: "FifoQueue",
  maxMessageSize: "MaximumMessageSize",
  messageRetentionSeconds: "MessageRetentionPeriod",
  receiveWaitTimeSeconds: "ReceiveMessageWaitTimeSeconds",
  redrivePolicy: "RedrivePolicy",
  visibilityTimeoutSeconds: "VisibilityTimeout",
};

/** Makes the graph's queues real. */
export const applyQueues = async (
  graph: Graph,
  call: (action: string, input: Record<string, unknown>) => Promise<unknown>,
): Promise<void> => {
  const { QueueUrls: urls = [] } = (await call("ListQueues", {})) as { QueueUrls?: string[] };
  const there = new Set(urls.map((url) => url.split("/").at(-1)));
  for (const { id, inputs, outputs } of ofType(graph, queueType)) {
    const QueueName = String(outputs["name"] ?? id);
    const wanted = Object.entries(attributes).flatMap(([input, name]) => {
      const value: unknown = inputs[input];
      if (value === undefined || value === false) return [];
      return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
    });
    if (!there.has(QueueName))
      await call("CreateQueue", { QueueName, Attributes: Object.fromEntries(wanted) as unknown });
  }
};
