import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { OutboundEvent } from "@tenantry/core/events";
import { withoutKeys } from "./control-table.ts";

/** The `source` of our events, on the bus and in their CloudEvents envelope. */
export const eventSource = "tenantry";

/** What PutEvents takes in one call. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const batchSize = 10;

/** The event in a new image of the Control table's stream; undefined for any other item. */
export const eventOf = (image: Record<string, AttributeValue> | undefined): OutboundEvent | undefined =>
  image?.["entity"]?.S === "event" ? OutboundEvent.parse(withoutKeys(unmarshall(image))) : undefined;

/** A CloudEvents 1.0 event in structured JSON as the detail of an EventBridge event. */
const entryOf = (bus: string, event: OutboundEvent): PutEventsRequestEntry => ({
  EventBusName: bus,
  Source: eventSource,
  DetailType: event.type,
  Time: new Date(event.time),
  Resources: [],
  Detail: JSON.stringify({
    specversion: "1.0",
    source: eventSource,
    datacontenttype: "application/json",
    ...event,
  }),
});

/** Puts events on the bus, at least once each. Returns the ids of those that the bus did not take. */
export const publisher =
  (bus: string, client = new EventBridgeClient({})) =>
  async (events: readonly OutboundEvent[]): Promise<string[]> => {
    const refused: string[] = [];
    for (let from = 0; from < events.length; from += batchSize) {
      const batch = events.slice(from, from + batchSize);
      const { Entries = [] } = await client.send(
        new PutEventsCommand({ Entries: batch.map((event) => entryOf(bus, event)) }),
      );
      batch.forEach((event, at) => {
        if (Entries[at]?.EventId === undefined) refused.push(event.id);
      });
    }
    return refused;
  };

/** A record of the Control table's stream, as far as the outbox looks at it. */
export type StreamRecord = {
  readonly dynamodb?:
    | { readonly NewImage?: object | undefined; readonly SequenceNumber?: string | undefined }
    | undefined;
};

/**
 * Publishes the events among stream records, in their order. `failed` has the sequence numbers of those that must be
 * delivered again; Lambda resumes at the lowest. An event may go out twice: its id tells.
 */
export const publishRecords =
  (publish: (events: readonly OutboundEvent[]) => Promise<string[]>) =>
  async (records: readonly StreamRecord[]): Promise<{ published: number; failed: string[] }> => {
    const outbox = records.flatMap(({ dynamodb }) => {
      const event = eventOf(dynamodb?.NewImage as Record<string, AttributeValue> | undefined);
      return event === undefined ? [] : [{ event, sequence: dynamodb?.SequenceNumber ?? "" }];
    });
    const refused = new Set(await publish(outbox.map(({ event }) => event)));
    const failed = outbox.filter(({ event }) => refused.has(event.id)).map(({ sequence }) => sequence);
    return { published: outbox.length - failed.length, failed };
  };
