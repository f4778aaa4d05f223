import { z } from "zod";
import { Instant } from "./time.ts";

/** Events that leave the control plane, past tense with a version. They are stored with the change and published from the table's stream. */
export const eventTypes = [
  "tenant.registered.v1",
  "tenant.registration_withdrawn.v1",
  "tenant.activated.v1",
  "tenant.onboarding_failed.v1",
  "tenant.onboarding_retried.v1",
  "tenant.compensation_failed.v1",
  "webhook.disabled.v1",
  "invoice.finalized.v1",
  "usage.threshold-reached.v1",
] as const;
export type EventType = (typeof eventTypes)[number];

/** A CloudEvents 1.0 event before it gets its envelope. `subject` is the id of the tenant or the webhook that it is about. */
export const OutboundEvent = z.strictObject({
  id: z.string(),
  type: z.enum(eventTypes),
  subject: z.string(),
  time: Instant,
  data: z.record(z.string(), z.unknown()),
});
export type OutboundEvent = Readonly<z.infer<typeof OutboundEvent>>;
