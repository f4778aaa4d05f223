import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { ofType } from "../../deploy/graph.ts";
import { AwsError } from "../../gateway/service.ts";
import { createDeliveries } from "../../lambda/deliveries.ts";
import type { PartFactory } from "../../part.ts";
import { jsonService } from "../../protocols/json.ts";
import { type Input, optionalText, records, text } from "../input.ts";

type LogEvent = { readonly id: string; readonly timestamp: number; readonly message: string };
type Subscription = { readonly name: string; readonly group: string; readonly functionArn: string };
type Pending = { readonly stream: string; readonly event: LogEvent };

/** How long events are gathered before a subscription is handed them, and how many at most. */
const gather = 200;
const most = 1000;

/** CloudWatch tries a subscription for a day. */
const retries = 5000;

const readSubscription = ({ name, inputs }: { name: string; inputs: Input }): Subscription => {
  const functionArn = String(inputs["destinationArn"]);
  if (!functionArn.includes(":lambda:"))
    throw new Error(`${name}: the embedded cloud hands logs to Lambda functions only, not to ${functionArn}.`);
  if ((inputs["filterPattern"] ?? "") !== "")
    throw new Error(`${name}: the embedded cloud has no filter patterns; without one a subscription gets every event.`);
  return { name: optionalText(inputs, "name") ?? name, group: text(inputs, "logGroup"), functionArn };
};

/**
 * CloudWatch Logs: groups, `PutLogEvents`, and subscriptions of Lambda functions. Events are kept until a subscription
 * has them, and not otherwise: what functions write is in the files of `<data>/logs`. Delivery is at least once, as on AWS.
 */
export const logsPart: PartFactory = async (host) => {
  const pending = host.store.collection<Pending>("logs.pending");
  const deliveries = createDeliveries(host, "logs.deliveries");
  let groups = new Set<string>();
  let subscriptions: Subscription[] = [];
  let timer: NodeJS.Timeout | undefined;
  let serial = 0;

  const deliver = (subscription: Subscription): void => {
    const prefix = `${subscription.name} `;
    for (let waiting = pending.list(prefix); waiting.length > 0; waiting = pending.list(prefix)) {
      const stream = waiting[0]?.value.stream ?? "";
      const batch = waiting.filter(({ value }) => value.stream === stream).slice(0, most);
      const data = {
        messageType: "DATA_MESSAGE",
        owner: host.account,
        logGroup: subscription.group,
        logStream: stream,
        subscriptionFilters: [subscription.name],
        logEvents: batch.map(({ value }) => value.event),
      };
      const payload = { awslogs: { data: gzipSync(JSON.stringify(data)).toString("base64") } };
      deliveries.enqueue({ functionName: subscription.functionArn, payload, retries });
      // A kill before this hands them over once more.
      for (const { key } of batch) pending.delete(key);
    }
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const subscription of subscriptions) deliver(subscription);
  };

  const put = (input: Input) => {
    const group = text(input, "logGroupName");
    if (!groups.has(group))
      throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.", 400);
    const stream = text(input, "logStreamName");
    for (const { name } of subscriptions.filter((one) => one.group === group))
      for (const { timestamp, message } of records(input, "logEvents")) {
        const event = { id: randomUUID().replaceAll("-", ""), timestamp: Number(timestamp), message: String(message) };
        const order = `${String(Date.now()).padStart(15, "0")}-${process.pid}-${String(serial++).padStart(9, "0")}`;
        pending.put(`${name} ${order}`, { stream, event });
        timer ??= setTimeout(flush, gather).unref();
      }
    return {};
  };

  return {
    name: "logs",
    services: [jsonService({ name: "logs", target: "Logs_20140328", version: "1.1", actions: { PutLogEvents: put } })],
    types: ["aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"],
    async apply(graph) {
      groups = new Set(
        ofType(graph, "aws:cloudwatch/logGroup:LogGroup").map(({ id, outputs }) => String(outputs["name"] ?? id)),
      );
      subscriptions = ofType(graph, "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter").map(readSubscription);
    },
    async start() {
      deliveries.resume();
      flush();
    },
    async close() {
      clearTimeout(timer);
      deliveries.close();
    },
  };
};
