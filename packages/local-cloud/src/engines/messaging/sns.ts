import { type Graph, ofType } from "../../deploy/graph.ts";
import { errorResponse } from "../../gateway/errors.ts";
import { type AwsRequest, type AwsResponse, notImplemented, type Service } from "../../gateway/service.ts";
import { queryForm } from "../../protocols/query.ts";
import type { Inject } from "../fauxqs.ts";
import { accountTranslation } from "./account.ts";

const actions: ReadonlySet<string> = new Set([
  "ConfirmSubscription",
  "CreateTopic",
  "DeleteTopic",
  "GetSubscriptionAttributes",
  "GetTopicAttributes",
  "ListSubscriptions",
  "ListSubscriptionsByTopic",
  "ListTagsForResource",
  "ListTopics",
  "Publish",
  "PublishBatch",
  "SetSubscriptionAttributes",
  "SetTopicAttributes",
  "Subscribe",
  "TagResource",
  "Unsubscribe",
  "UntagResource",
]);

export const topicTypes = ["aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"];

const written = /^(?:Message|Subject)$|\.(?:Message|Subject|StringValue|BinaryValue)$/;

/** SNS behind the gateway, with SQS queues as subscribers. */
export const snsService = (options: { inject: Inject; account: string }): Service => {
  const { inwardText, outwardText } = accountTranslation(options.account);
  const action = (request: AwsRequest): string | null => {
    const name = queryForm(request).get("Action");
    return name !== null && actions.has(name) ? name : null;
  };
  return {
    name: "sns",
    action,
    async handle(request) {
      try {
        const form = queryForm(request);
        if (action(request) === null) throw notImplemented("sns", form.get("Action"));
        for (const [name, value] of form) if (!written.test(name)) form.set(name, inwardText(value));
        return await publish(options.inject, form, outwardText);
      } catch (error) {
        return errorResponse(request, error);
      }
    },
  };
};

const publish = async (
  inject: Inject,
  form: URLSearchParams,
  outward: (text: string) => string,
): Promise<AwsResponse> => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await inject({ method: "POST", url: "/", headers, body: Buffer.from(form.toString()) });
  return { ...response, body: outward(Buffer.from(response.body as Uint8Array).toString("utf8")) };
};

/** Makes the graph's topics real, and their subscriptions by queues. */
export const applyTopics = async (
  graph: Graph,
  { inject, account }: { inject: Inject; account: string },
): Promise<void> => {
  const { inwardText, outwardText } = accountTranslation(account);
  const send = async (fields: Record<string, string>): Promise<void> => {
    const { status, body } = await publish(inject, new URLSearchParams(fields), outwardText);
    if (status >= 300) throw new Error(`SNS ${fields["Action"]}: ${String(body)}`);
  };
  for (const { id, outputs } of ofType(graph, "aws:sns/topic:Topic")) {
    await send({ Action: "CreateTopic", Name: String(outputs["name"] ?? id) });
  }
  for (const { inputs } of ofType(graph, "aws:sns/topicSubscription:TopicSubscription")) {
    if (inputs["protocol"] !== "sqs") continue;
    const [TopicArn, Endpoint] = [inwardText(String(inputs["topic"])), inwardText(String(inputs["endpoint"]))];
    await send({ Action: "Subscribe", Protocol: "sqs", TopicArn, Endpoint });
  }
};
