import { randomUUID } from "node:crypto";
import { AwsError, type AwsRequest, type Permission, type Service } from "../gateway/service.ts";
import { createDeliveries } from "../lambda/deliveries.ts";
import type { Host, PartFactory } from "../part.ts";
import { jsonService } from "../protocols/json.ts";
import { createEventLog, type LoggedEvent } from "./events-log.ts";
import { busName, readBuses, readRules, type Rule } from "./events-rules.ts";
import { deliver, inputOf, reachTarget } from "./events-target.ts";
import { createTimetable } from "./timetable.ts";

type Entry = {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Resources?: readonly string[];
  /** Seconds. */
  readonly Time?: number;
  readonly EventBusName?: string;
};

type EntryResult = { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string };

const MAX_ENTRIES = 10;
const MAX_BYTES = 262_144;

const required = (name: string): EntryResult => ({
  ErrorCode: "InvalidArgument",
  ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
});

/** What is wrong with an entry; null when nothing is. */
const fault = (entry: Entry, internal: boolean): EntryResult | null => {
  if (!entry.Source) return required("Source");
  if (!entry.DetailType) return required("DetailType");
  if (!entry.Detail) return required("Detail");
  // Only AWS's own services speak as themselves.
  if (entry.Source.startsWith("aws.") && !internal) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  try {
    const detail: unknown = JSON.parse(entry.Detail);
    if (typeof detail === "object" && detail !== null && !Array.isArray(detail)) return null;
  } catch {
    // Said below.
  }
  return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
};

const sizeOf = (entry: Entry): number =>
  (entry.Time === undefined ? 0 : 14) +
  [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])].reduce(
    (sum, text) => sum + Buffer.byteLength(text ?? ""),
    0,
  );

const arnOf = (host: Pick<Host, "region" | "account">, bus: string): string =>
  `arn:aws:events:${host.region}:${host.account}:event-bus/${bus}`;

const requestedBuses = (host: Host, request: AwsRequest): Permission[] => {
  try {
    const { Entries = [] } = JSON.parse(request.body.toString("utf8")) as { Entries?: Entry[] };
    const names = new Set(Entries.map(({ EventBusName }) => busName(EventBusName)));
    return [...names].map((bus) => ({ action: "events:PutEvents", resource: arnOf(host, bus) }));
  } catch {
    return [{ action: "events:PutEvents", resource: "*" }];
  }
};

/**
 * EventBridge: `PutEvents` onto the graph's buses, rules with patterns and with schedules, functions and queues as targets.
 * `GET /_events?detail-type=…&source=…` on the gateway lists the last thousand events.
 */
export const eventsPart: PartFactory = async (host) => {
  const log = createEventLog(host.store);
  const deliveries = createDeliveries(host, "events.deliveries", reachTarget(host));
  const timetable = createTimetable(host, "events.schedules");
  let buses = new Set(["default"]);
  let rules: Rule[] = [];

  const publish = (bus: string, event: LoggedEvent): void => {
    log.add(event);
    for (const rule of rules) {
      if (rule.bus !== bus || !rule.enabled || !rule.matches?.(event)) continue;
      for (const target of rule.targets) deliver(deliveries, target, inputOf(target, event));
    }
  };

  const put = (entry: Entry, internal: boolean): EntryResult => {
    const wrong = fault(entry, internal);
    if (wrong) return wrong;
    const bus = busName(entry.EventBusName);
    if (!buses.has(bus)) {
      return { ErrorCode: "ResourceNotFoundException", ErrorMessage: `Event bus ${bus} does not exist.` };
    }
    const id = randomUUID();
    publish(bus, {
      version: "0",
      id,
      "detail-type": entry.DetailType ?? "",
      source: entry.Source ?? "",
      account: host.account,
      time: `${new Date(entry.Time === undefined ? Date.now() : entry.Time * 1000).toISOString().slice(0, 19)}Z`,
      region: host.region,
      resources: [...(entry.Resources ?? [])],
      detail: JSON.parse(entry.Detail ?? "{}"),
    });
    return { EventId: id };
  };

  const json = jsonService({
    name: "events",
    target: "AWSEvents",
    version: "1.1",
    actions: {
      PutEvents({ Entries }: { Entries?: Entry[] }, request) {
        const entries = Entries ?? [];
        if (entries.length === 0 || entries.length > MAX_ENTRIES) {
          const range = `Member must have length between 1 and ${MAX_ENTRIES}`;
          throw new AwsError("ValidationException", `1 validation error detected: Value at 'entries' failed: ${range}`);
        }
        if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES) {
          throw new AwsError("ValidationException", "Total size of the entries in the request is over the limit.");
        }
        const results = entries.map((entry) => put(entry, request.internal === true));
        return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
      },
      ListEventBuses: () => ({ EventBuses: [...buses].map((Name) => ({ Name, Arn: arnOf(host, Name) })) }),
    },
  });

  const isLog = (url: URL): boolean => url.pathname === "/_events";
  const service: Service = {
    ...json,
    claims: isLog,
    action: (request) => (isLog(request.url) && request.method === "GET" ? "_ListEvents" : json.action(request)),
    permissions: (request) =>
      json.action(request) === "PutEvents"
        ? requestedBuses(host, request)
        : [{ action: `events:${json.action(request) ?? "Unknown"}`, resource: "*" }],
    async handle(request) {
      if (!isLog(request.url)) return json.handle(request);
      const body = JSON.stringify({ events: log.list(request.url.searchParams) });
      return { status: 200, headers: { "content-type": "application/json" }, body };
    },
  };

  const scheduled = (rule: Rule): void => {
    const event: LoggedEvent = {
      version: "0",
      id: randomUUID(),
      "detail-type": "Scheduled Event",
      source: "aws.events",
      account: host.account,
      time: `${new Date().toISOString().slice(0, 19)}Z`,
      region: host.region,
      resources: [rule.arn],
      detail: {},
    };
    for (const target of rule.targets) deliver(deliveries, target, inputOf(target, event));
  };

  return {
    name: "events",
    services: [service],
    types: [
      "aws:cloudwatch/eventBus:EventBus",
      "aws:cloudwatch/eventRule:EventRule",
      "aws:cloudwatch/eventTarget:EventTarget",
    ],
    async apply(graph) {
      buses = new Set(readBuses(graph));
      rules = readRules(graph);
      timetable.set(
        rules.flatMap((rule) =>
          rule.schedule === undefined || !rule.enabled
            ? []
            : [{ name: rule.name, expression: rule.schedule, run: () => scheduled(rule) }],
        ),
      );
    },
    async start() {
      deliveries.resume();
      timetable.start();
    },
    async close() {
      timetable.close();
      deliveries.close();
    },
  };
};
