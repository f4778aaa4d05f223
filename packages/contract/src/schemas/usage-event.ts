import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";

/** Events in one request at most. */
export const maxEvents = 1000;

const value = z
  .number()
  .min(0)
  .max(1e12)
  .meta({ description: "At most six decimals; added up exactly as it is written.", example: 1 });
const text = (description: string) => z.string().min(1).max(256).meta({ description });
const userId = text("Who used it; needed by meters of unique users.");
const dimensions = z
  .record(z.string().min(1).max(256), z.string().min(1).max(256))
  .meta({ description: "Up to 16." })
  .optional();

/** What each event should look like. Events are judged one by one, so that a bad one does not keep the others out. */
export const UsageEvent = z
  .strictObject({
    id: text(
      "Its identity: events of one tenant, metric and hour with the same id count once. One is made if absent.",
    ).optional(),
    tenant_id: z
      .string()
      .optional()
      .meta({ description: "Members of a tenant may leave it out.", example: tenantIdExample }),
    metric: text("The meter's name."),
    value,
    timestamp: z.string().meta({ description: "From 35 days ago to 5 minutes ahead; without a zone it is UTC." }),
    user_id: userId.optional(),
    dimensions,
  })
  .meta({
    id: "UsageEvent",
    description: "What a tenant used.",
    example: { tenant_id: tenantIdExample, metric: "api_calls", value: 1, timestamp: instantExample },
  });

export const UsageCloudEvent = z
  .looseObject({
    specversion: z.literal("1.0"),
    id: z.string().min(1).meta({ description: "With `source`, the event's identity." }),
    source: z.string().min(1),
    type: z.string().min(1).meta({ description: "The meter's name." }),
    subject: z.string().optional().meta({ description: "The tenant's id. Members of a tenant may leave it out." }),
    time: z.string(),
    datacontenttype: z.string().optional(),
    data: z.strictObject({ value, user_id: userId.optional(), dimensions }),
  })
  .meta({
    id: "UsageCloudEvent",
    description: "What a tenant used, as a CloudEvent 1.0.",
    example: {
      specversion: "1.0",
      id: "1",
      source: "/orders",
      type: "api_calls",
      subject: tenantIdExample,
      time: instantExample,
      data: { value: 1 },
    },
  });

/** What is read of a body before its events are judged. */
export const UsageEventsBody = z.union(
  [
    z.array(z.unknown()).min(1, "must hold an event").max(maxEvents, `must hold at most ${maxEvents} events`),
    z.looseObject({}),
  ],
  {
    error: (issue) =>
      Array.isArray(issue.input) ? `must hold 1 to ${maxEvents} events` : "must be an event or a list of events",
  },
);

const batchOf = <T extends z.ZodType>(event: T) => z.array(event).min(1).max(maxEvents);

/** The same body as it is documented, by its media type. */
export const usageEventsContent = {
  "application/json": z.union([UsageEvent, batchOf(UsageEvent)]),
  "application/cloudevents+json": UsageCloudEvent,
  "application/cloudevents-batch+json": batchOf(UsageCloudEvent),
};

const index = z.int().min(0).meta({ description: "The event's place in the request, from 0." });

export const UsageEventAnswers = z
  .strictObject({
    accepted: z.int().min(0),
    rejected: z.int().min(0),
    events: z
      .array(
        z.discriminatedUnion("status", [
          z.strictObject({
            index,
            status: z.literal("accepted"),
            id: z.string().meta({ description: "The event's id: its own, or the one that was made." }),
          }),
          z.strictObject({
            index,
            status: z.literal("rejected"),
            id: z.string().optional().meta({ description: "To send the event again under, if that may help." }),
            code: z.string().meta({ description: "Why." }),
            detail: z.string(),
            pointer: z.string().meta({ description: "Where in the event, as a JSON pointer." }),
            retryable: z.boolean().meta({ description: "Whether the same event may be taken later." }),
          }),
        ]),
      )
      .meta({ description: "An answer for each event, in the order of the request." }),
  })
  .meta({
    id: "UsageEventAnswers",
    description: "What became of each event.",
    example: {
      accepted: 1,
      rejected: 1,
      events: [
        { index: 0, status: "accepted", id: "evt_01JD5V8Q9T6Y3ZK0M4N7P2R5S8" },
        {
          index: 1,
          status: "rejected",
          code: "invalid-value",
          detail: "value is not a number.",
          pointer: "/value",
          retryable: false,
        },
      ],
    },
  });
