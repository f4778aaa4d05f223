import { z } from "zod";
import type { Clock, Commit, NewId, Page, PageRequest, Registry } from "../ports.ts";
import type { Attempt, Delivery } from "./delivery.ts";
import type { DisabledReason, Webhook } from "./webhook.ts";

/** The subscriptions. Every change by a person carries its audit entry. */
export interface Webhooks {
  create(webhook: Webhook, commit: Commit): Promise<void>;
  get(id: string): Promise<Webhook | null>;
  list(page: PageRequest): Promise<Page<Webhook>>;
  /** Returns false and writes nothing if there is none. */
  remove(id: string, commit: Commit): Promise<boolean>;
  noteSuccess(id: string): Promise<void>;
  /** Returns since when every attempt has failed: `at`, or an earlier time. Null if the webhook is gone. */
  noteFailure(id: string, at: string): Promise<string | null>;
  /** Ends the record of failures too. Returns null and writes nothing if it is not disabled. */
  enable(id: string, at: string, commit: Commit): Promise<Webhook | null>;
  /** Writes what was done with a webhook that does not change it. Returns false and writes nothing if there is none. */
  note(id: string, at: string, commit: Commit): Promise<boolean>;
  /** Returns false and writes nothing if it is not enabled. */
  disable(id: string, reason: DisabledReason, at: string, commit: Commit): Promise<boolean>;
}

/** A delivery that is one worker's alone. `failures` counts failed attempts since it was last begun from the start. */
export type Claimed = {
  readonly delivery: Delivery;
  readonly body: string;
  readonly turn: number;
  readonly failures: number;
};

/**
 * `over`: nothing is left to do for this job. `early`: not before `due`, as it is not the time yet or another
 * has claimed the turn until then. `ahead`: the job's turn has not come, as
 * whoever makes it come has not written so yet.
 */
export type Claim =
  | ({ readonly kind: "claimed" } & Claimed)
  | { readonly kind: "over" }
  | { readonly kind: "early"; readonly due: string }
  | { readonly kind: "ahead" };

/** A turn is one attempt at a delivery. Jobs of turns gone by are void, so a job may come twice or late. */
export const DeliveryJob = z.strictObject({ webhook_id: z.string(), delivery_id: z.string(), turn: z.int().min(0) });
export type DeliveryJob = Readonly<z.infer<typeof DeliveryJob>>;

export interface WebhookDeliveries {
  /** Stores the delivery at turn 0 unless it is there. `body` is what will be sent. */
  add(delivery: Delivery, body: string): Promise<void>;
  get(webhookId: string, id: string): Promise<Delivery | null>;
  list(webhookId: string, page: PageRequest): Promise<Page<Delivery>>;
  claim(job: DeliveryJob, now: string, until: string): Promise<Claim>;
  /** Ends the claimed turn. `next` is when the next one begins; null ends the delivery. */
  record(
    claimed: Claimed,
    at: string,
    outcome: { attempt: Attempt | null; status: Delivery["status"]; next: string | null; failures: number },
  ): Promise<void>;
  /** The next turns of deliveries that were due before this time and have not been taken up, the oldest first. */
  overdue(before: string, limit: number): Promise<readonly DeliveryJob[]>;
  /** Has `overdue` leave this turn alone until then. */
  postpone(job: DeliveryJob, until: string): Promise<void>;
  /** Begins again from the start, due at once. Returns the turn, or null if an attempt is being made. */
  restart(webhookId: string, id: string, at: string, commit: Commit): Promise<{ turn: number } | null>;
}

/** Signing secrets as receivers know them: `whsec_` and base64. */
export interface WebhookSecrets {
  create(webhookId: string): Promise<string>;
  /** All that sign at this time, the newest first; null if there are none. */
  read(webhookId: string, now: string): Promise<readonly string[] | null>;
  /** Makes a new one; those of before go on signing until then. Returns null when another rotation came between. */
  rotate(webhookId: string, now: string, until: string): Promise<string | null>;
  /** Idempotent. */
  remove(webhookId: string): Promise<void>;
}

export interface WebhookQueue {
  send(job: DeliveryJob, delaySeconds: number): Promise<void>;
}

export interface WebhookReceivers {
  /** Why this URL may not be called, as the end of a sentence that begins with "The URL"; null if it may. */
  refusal(url: string): Promise<string | null>;
  /** One request, signed with each secret; it neither follows redirects nor connects to an address that `refusal` refuses. Never rejects. */
  post(request: { url: string; secrets: readonly string[]; id: string; body: string }): Promise<Attempt>;
}

export type WebhookPorts = {
  readonly registry: Pick<Registry, "getTenant">;
  readonly webhooks: Webhooks;
  readonly deliveries: WebhookDeliveries;
  readonly secrets: WebhookSecrets;
  readonly queue: WebhookQueue;
  readonly receivers: WebhookReceivers;
  readonly clock: Clock;
  readonly newId: NewId;
  /** From 0 to 1. */
  readonly random: () => number;
};
