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
type Gathered = { readonly group: string; readonly stream: string; readonly event: LogEvent };

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
 * has them, and not otherwise: what functions write is in the files of `<data>/logs`. Delivery is at least once, as on
 * AWS; what was gathered for less than a moment is lost in a kill.
 */
export const logsPart: PartFactory = async (host) => {
  const deliveries = createDeliveries(host, "logs.deliveries");
  let groups = new Set<string>();
  let subscriptions: Subscription[] = [];
  let gathered: Gathered[] = [];
  let timer: NodeJS.Timeout | undefined;

  const deliver = ({ name, group, functionArn }: Subscription, all: readonly Gathered[]): void => {
    const streams = Map.groupBy(
      all.filter((one) => one.group === group),
      ({ stream }) => stream,
    );
    for (const [logStream, ofStream] of streams)
      for (let from = 0; from < ofStream.length; from += most) {
        const data = {
          messageType: "DATA_MESSAGE",
          owner: host.account,
          logGroup: group,
          logStream,
          subscriptionFilters: [name],
          logEvents: ofStream.slice(from, from + most).map(({ event }) => event),
        };
        const payload = { awslogs: { data: gzipSync(JSON.stringify(data)).toString("base64") } };
        deliveries.enqueue({ functionName: functionArn, payload, retries });
      }
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const all = gathered;
    gathered = [];
    for (const subscription of subscriptions) deliver(subscription, all);
  };

  const put = (input: Input) => {
    const group = text(input, "logGroupName");
    if (!groups.has(group))
      throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.", 400);
    const stream = text(input, "logStreamName");
    if (!subscriptions.some((one) => one.group === group)) return {};
    for (const { timestamp, message } of records(input, "logEvents")) {
      const event = { id: randomUUID().replaceAll("-", ""), timestamp: Number(timestamp), message: String(message) };
      gathered.push({ group, stream, event });
    }
    timer ??= setTimeout(flush, gather).unref();
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
    },
    async close() {
      flush();
      deliveries.close();
    },
  };
};
