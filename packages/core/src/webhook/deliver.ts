import { platformOrg } from "../access/policy.ts";
import { systemEntry } from "../audit/entry.ts";
import type { Commit } from "../ports.ts";
import type { Attempt } from "./delivery.ts";
import type { Claimed, DeliveryJob, WebhookPorts } from "./ports.ts";
import { claimMilliseconds, delayAfter, patienceMilliseconds } from "./schedule.ts";
import type { DisabledReason, Webhook } from "./webhook.ts";

/** What became of a job, for the log. */
export type DeliverOutcome = "succeeded" | "retrying" | "failed" | "disabled" | "dropped" | "early" | "over";

type DeliverPorts = Omit<WebhookPorts, "registry">;

/**
 * Makes one attempt at a delivery and arranges the next. At least once: a worker that dies between the receiver's
 * answer and its record leaves the attempt to be made again.
 *
 * @throws Error when the job must come again.
 */
export const deliverWebhook =
  (ports: DeliverPorts) =>
  async (job: DeliveryJob): Promise<DeliverOutcome> => {
    const now = ports.clock();
    const until = new Date(now.getTime() + claimMilliseconds).toISOString();
    const claim = await ports.deliveries.claim(job, now.toISOString(), until);
    if (claim.kind === "over") return "over";
    if (claim.kind === "ahead") throw new Error(`Turn ${job.turn} of ${job.delivery_id} has not come yet.`);
    if (claim.kind === "early") {
      await ports.queue.send(job, (Date.parse(claim.due) - now.getTime()) / 1000);
      return "early";
    }
    const webhook = await ports.webhooks.get(job.webhook_id);
    const secrets = webhook?.status === "enabled" ? await ports.secrets.read(webhook.id, now.toISOString()) : null;
    if (webhook === null || secrets === null) {
      await end(ports, claim, null);
      return "dropped";
    }
    const { url } = webhook;
    const attempt = await ports.receivers.post({ url, secrets, id: claim.delivery.event_id, body: claim.body });
    return conclude(ports, webhook, claim, attempt);
  };

const conclude = async (
  ports: DeliverPorts,
  webhook: Webhook,
  claimed: Claimed,
  attempt: Attempt,
): Promise<DeliverOutcome> => {
  const status = attempt.status_code ?? 0;
  const now = ports.clock();
  const at = now.toISOString();
  if (status >= 200 && status < 300) {
    await ports.deliveries.record(claimed, at, { attempt, status: "succeeded", next: null, failures: 0 });
    if (webhook.failing_since !== null) await ports.webhooks.noteSuccess(webhook.id);
    return "succeeded";
  }
  const since = await ports.webhooks.noteFailure(webhook.id, attempt.at);
  const reason = status === 410 ? "gone" : overdue(since, now) ? "failing" : null;
  if (reason !== null) {
    await ports.webhooks.disable(webhook.id, reason, at, disabledCommit(ports, webhook, reason, at));
    await end(ports, claimed, attempt);
    return "disabled";
  }
  const failures = claimed.failures + 1;
  const delay = delayAfter(failures, ports.random());
  if (delay === null) {
    await end(ports, claimed, attempt);
    return "failed";
  }
  // The next job before the record: if this worker dies in between, this job comes again and nothing is forgotten.
  const { webhook_id, id } = claimed.delivery;
  await ports.queue.send({ webhook_id, delivery_id: id, turn: claimed.turn + 1 }, delay);
  const next = new Date(now.getTime() + delay * 1000).toISOString();
  await ports.deliveries.record(claimed, at, { attempt, status: "pending", next, failures });
  return "retrying";
};

const overdue = (since: string | null, now: Date): boolean =>
  since !== null && now.getTime() - Date.parse(since) >= patienceMilliseconds;

const end = (ports: DeliverPorts, claimed: Claimed, attempt: Attempt | null) =>
  ports.deliveries.record(claimed, ports.clock().toISOString(), {
    attempt,
    status: "failed",
    next: null,
    failures: claimed.failures + 1,
  });

const disabledCommit = (
  ports: Pick<WebhookPorts, "newId">,
  { id, tenant_id }: Webhook,
  reason: DisabledReason,
  at: string,
): Commit => ({
  audit: systemEntry(ports, {
    task: "deliver-webhooks",
    at,
    requestId: id,
    change: {
      action: "webhook.disable",
      tenantId: tenant_id ?? platformOrg,
      before: { status: "enabled" },
      after: { status: "disabled", disabled_reason: reason },
    },
  }),
  events: [
    {
      id: ports.newId("event"),
      type: "webhook.disabled.v1",
      subject: id,
      time: at,
      data: { webhook_id: id, tenant_id, reason },
    },
  ],
});
