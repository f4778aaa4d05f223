import { GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { Membership } from "@tenantry/core/access/membership";
import { type Choices, Session, type Sessions } from "@tenantry/core/session/session";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { transact } from "./transact.ts";

/** Longer than any refresh token lives, so that what was ended cannot be forgotten before it is dead. */
const keptSeconds = 45 * 24 * 3600;

const secondsOf = (at: string) => Math.floor(Date.parse(at) / 1000);

/** Sessions in the Control table, each user's in a partition of their own. */
export const dynamoSessions = (documents: Documents, table: string): Sessions => ({
  async of(userId) {
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": keys.signOut(userId).pk },
        ConsistentRead: true,
      }),
    );
    const of = (entity: Entity) => Items.filter((item) => item["entity"] === entity);
    const [signOut] = of("sign-out");
    return {
      sessions: of("session")
        .filter((item) => item["ended_at"] === undefined)
        .map(({ user_id: _whose, ...item }) => Session.parse({ impersonation: null, ...withoutKeys(item) })),
      signedOutAt: signOut === undefined ? null : Number(signOut["at"]),
    };
  },

  async end(userId, id, at, commit) {
    const failed = await transact(documents, [
      {
        Update: {
          TableName: table,
          Key: keys.session(userId, id),
          UpdateExpression: "SET ended_at = :at",
          ConditionExpression: "attribute_exists(pk) AND attribute_not_exists(ended_at)",
          ExpressionAttributeValues: { ":at": at },
        },
      },
      ...commitWrites(table, commit),
    ]);
    return failed.length === 0;
  },

  async endAll(userId, at, commit) {
    const seconds = secondsOf(at);
    const signOut = {
      Update: {
        TableName: table,
        Key: keys.signOut(userId),
        UpdateExpression: "SET #at = :at, entity = :entity, expires_at = :expires",
        ConditionExpression: "attribute_not_exists(#at) OR #at <= :at",
        ExpressionAttributeNames: { "#at": "at" },
        ExpressionAttributeValues: {
          ":at": seconds,
          ":entity": "sign-out" satisfies Entity,
          ":expires": seconds + keptSeconds,
        },
      },
    };
    const [failed] = await transact(documents, [signOut, ...commitWrites(table, commit)]);
    // A later sign-out has ended these sessions too.
    if (failed !== undefined && failed !== 0) throw new Error(`The sign-out of ${userId} met an item of its audit.`);
  },
});

/** Users' choices of their organisation. */
export const dynamoChoices = (documents: Documents, table: string): Choices => ({
  async membershipOf(userId, tenantId) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.membership(userId, tenantId), ConsistentRead: true }),
    );
    return Item === undefined ? null : Membership.parse(withoutKeys(Item));
  },
  async choose(userId, tenantId, at, commit) {
    const item = { ...keys.choice(userId), entity: "choice" satisfies Entity, org_id: tenantId, updated_at: at };
    const failed = await transact(documents, [
      { Put: { TableName: table, Item: item } },
      ...commitWrites(table, commit),
    ]);
    if (failed.length > 0) throw new Error(`The choice of ${userId} met an item of its audit.`);
  },
});
