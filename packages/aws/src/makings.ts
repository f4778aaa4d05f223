import { createHash } from "node:crypto";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { type KeyedRequest, keyLifeSeconds, type Making, type Makings } from "@tenantry/core/idempotency";
import { Problem } from "@tenantry/core/problem";
import { type Entity, keys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import type { Write } from "./transact.ts";

const digest = (text: string): string => createHash("sha256").update(text).digest("base64");

/** The order in which an object's members were sent says nothing. */
const inOrder = (_name: string, value: unknown): unknown =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const payloadOf = ({ payload }: KeyedRequest): string => digest(JSON.stringify(payload, inOrder));

const keyOf = ({ caller, operation, key }: KeyedRequest) => keys.making(caller, operation, digest(key));

const seconds = (at: string): number => Math.floor(Date.parse(at) / 1000);

/** Remembers which request made this, in the transaction that makes it. Fails where the request has made something. */
export const makingWrite = (table: string, { request, id }: Making, at: string): Write => ({
  Put: {
    TableName: table,
    Item: {
      ...keyOf(request),
      entity: "making" satisfies Entity,
      made_id: id,
      payload: payloadOf(request),
      expires_at: seconds(at) + keyLifeSeconds,
    },
    // DynamoDB removes what has expired some time later.
    ConditionExpression: "attribute_not_exists(pk) OR expires_at <= :now",
    ExpressionAttributeValues: { ":now": seconds(at) },
  },
});

/** What requests made, in the Control table beside their callers' keys. */
export const dynamoMakings = (documents: Documents, table: string, clock = () => new Date()): Makings => ({
  async find(request) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keyOf(request), ConsistentRead: true }),
    );
    if (Item === undefined || Item["expires_at"] <= seconds(clock().toISOString())) return null;
    if (Item["payload"] !== payloadOf(request))
      throw new Problem("idempotency-key-reused", "This Idempotency-Key was used for another request before.");
    return String(Item["made_id"]);
  },
});
