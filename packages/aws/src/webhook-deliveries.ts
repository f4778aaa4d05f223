import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Delivery } from "@tenantry/core/webhook/delivery";
import type { WebhookDeliveries } from "@tenantry/core/webhook/ports";
import { z } from "zod";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { readPage } from "./pages.ts";
import { transact } from "./transact.ts";
import { unlessRefused } from "./webhooks.ts";

type Item = Record<string, unknown>;

/** How long the log goes back, from when the event came. */
const lifeSeconds = 30 * 24 * 3600;

/** Of a delivery that is sent again and again the log keeps the last attempts. */
const keptAttempts = 50;

/** What only the workers need. Instants are compared as text: all are UTC with milliseconds. */
const Work = z.object({
  body: z.string(),
  turn: z.int(),
  failures: z.int(),
  claimed_until: z.string(),
});

const deliveryFromItem = (item: Item): Delivery => {
  const shown = Object.keys(Delivery.shape);
  return Delivery.parse(Object.fromEntries(Object.entries(withoutKeys(item)).filter(([name]) => shown.includes(name))));
};

const never = "";

const dueKey = (at: string, id: string): string => `${at}#${id}`;
const due = (at: string, id: string) => listedIn(partitions.deliveriesDue, dueKey(at, id));

/** Deliveries of webhooks in the Control table, one item each with its attempts. */
export const dynamoWebhookDeliveries = (documents: Documents, table: string): WebhookDeliveries => {
  const read = async (webhookId: string, id: string): Promise<Item | null> => {
    const key = { TableName: table, Key: keys.delivery(webhookId, id), ConsistentRead: true };
    return (await documents.send(new GetCommand(key))).Item ?? null;
  };

  return {
    async add(delivery, body) {
      const item = {
        ...keys.delivery(delivery.webhook_id, delivery.id),
        ...listedIn(partitions.deliveriesTo(delivery.webhook_id), delivery.id),
        ...due(delivery.next_attempt_at ?? delivery.created_at, delivery.id),
        entity: "delivery" satisfies Entity,
        expires_at: Math.floor(Date.parse(delivery.created_at) / 1000) + lifeSeconds,
        ...delivery,
        ...({ body, turn: 0, failures: 0, claimed_until: never } satisfies z.infer<typeof Work>),
      };
      const put = new PutCommand({ TableName: table, Item: item, ConditionExpression: "attribute_not_exists(pk)" });
      await unlessRefused(documents.send(put));
    },

    async get(webhookId, id) {
      const item = await read(webhookId, id);
      return item === null ? null : deliveryFromItem(item);
    },

    list: (webhookId, page) => readPage(documents, table, [partitions.deliveriesTo(webhookId)], page, deliveryFromItem),

    async claim(job, now, until) {
      const claimed = await unlessRefused(
        documents.send(
          new UpdateCommand({
            TableName: table,
            Key: keys.delivery(job.webhook_id, job.delivery_id),
            UpdateExpression: "SET claimed_until = :until",
            ConditionExpression:
              "#status = :pending AND turn = :turn AND next_attempt_at <= :now AND claimed_until < :now",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: { ":until": until, ":pending": "pending", ":turn": job.turn, ":now": now },
            ReturnValues: "ALL_NEW",
          }),
        ),
      );
      if (claimed?.Attributes !== undefined) {
        const { body, turn, failures } = Work.parse(claimed.Attributes);
        return { kind: "claimed", delivery: deliveryFromItem(claimed.Attributes), body, turn, failures };
      }
      const item = await read(job.webhook_id, job.delivery_id);
      if (item === null) return { kind: "over" };
      const { turn, claimed_until } = Work.parse(item);
      const { status, next_attempt_at: next } = deliveryFromItem(item);
      if (turn < job.turn) return { kind: "ahead" };
      if (turn > job.turn || status !== "pending" || next === null) return { kind: "over" };
      // Whoever holds the claim may be dead: then this job is the only one that is left.
      return { kind: "early", due: next > claimed_until ? next : claimed_until };
    },

    async record({ delivery, turn }, at, { attempt, status, next, failures }) {
      const attempts = attempt === null ? delivery.attempts : [...delivery.attempts, attempt].slice(-keptAttempts);
      await unlessRefused(
        documents.send(
          new UpdateCommand({
            TableName: table,
            Key: keys.delivery(delivery.webhook_id, delivery.id),
            UpdateExpression:
              "SET #status = :status, attempts = :attempts, next_attempt_at = :next, updated_at = :at, " +
              "turn = :following, failures = :failures, claimed_until = :never" +
              (next === null ? " REMOVE gsi2pk, gsi2sk" : ", gsi2pk = :list, gsi2sk = :due"),
            ConditionExpression: "turn = :turn",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":status": status,
              ":attempts": attempts,
              ":next": next,
              ":at": at,
              ":turn": turn,
              ":following": turn + 1,
              ":failures": failures,
              ":never": never,
              ...(next === null ? {} : { ":list": partitions.deliveriesDue.value, ":due": dueKey(next, delivery.id) }),
            },
          }),
        ),
      );
    },

    async overdue(before, limit) {
      const { index, value } = partitions.deliveriesDue;
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: table,
          IndexName: index,
          KeyConditionExpression: "gsi2pk = :list AND gsi2sk < :before",
          ExpressionAttributeValues: { ":list": value, ":before": before },
          Limit: limit,
        }),
      );
      return Items.map((item) => {
        const { webhook_id, id } = deliveryFromItem(item);
        return { webhook_id, delivery_id: id, turn: Work.parse(item).turn };
      });
    },

    async postpone(job, until) {
      await unlessRefused(
        documents.send(
          new UpdateCommand({
            TableName: table,
            Key: keys.delivery(job.webhook_id, job.delivery_id),
            UpdateExpression: "SET gsi2sk = :due",
            ConditionExpression: "turn = :turn AND attribute_exists(gsi2pk)",
            ExpressionAttributeValues: { ":due": dueKey(until, job.delivery_id), ":turn": job.turn },
          }),
        ),
      );
    },

    async restart(webhookId, id, at, commit) {
      const item = await read(webhookId, id);
      if (item === null) return null;
      const { turn } = Work.parse(item);
      const failed = await transact(documents, [
        {
          Update: {
            TableName: table,
            Key: keys.delivery(webhookId, id),
            UpdateExpression:
              "SET #status = :pending, next_attempt_at = :at, updated_at = :at, turn = :following, failures = :none, " +
              "expires_at = :expires, gsi2pk = :list, gsi2sk = :due",
            ConditionExpression: "turn = :turn AND claimed_until < :at",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":pending": "pending",
              ":at": at,
              ":turn": turn,
              ":following": turn + 1,
              ":none": 0,
              ":expires": Math.floor(Date.parse(at) / 1000) + lifeSeconds,
              ":list": partitions.deliveriesDue.value,
              ":due": dueKey(at, id),
            },
          },
        },
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0 ? { turn: turn + 1 } : null;
    },
  };
};
