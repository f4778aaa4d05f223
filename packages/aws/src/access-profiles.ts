import { GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Organization } from "@tenantry/core/access/claims";
import { Membership } from "@tenantry/core/access/membership";
import { Impersonation, runs } from "@tenantry/core/impersonation/impersonation";
import { customRolesOf } from "./custom-roles.ts";
import { type Entity, keys, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";

const is = (entity: Entity) => (item: Record<string, unknown>) => item["entity"] === entity;

/** What tokens say of a user, from the Control table. */
export const dynamoProfiles = (documents: Documents, table: string) => ({
  async profileOf(userId: string): Promise<{ memberships: Membership[]; chosen: string | undefined }> {
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": keys.user(userId).pk },
        ConsistentRead: true,
      }),
    );
    const chosen: unknown = Items.find(is("choice"))?.["org_id"];
    return {
      memberships: Items.filter(is("membership")).map((item) => Membership.parse(withoutKeys(item))),
      chosen: typeof chosen === "string" ? chosen : undefined,
    };
  },

  async impersonationBy(userId: string): Promise<Impersonation | null> {
    const read = async (Key: Record<string, string>) =>
      (await documents.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))).Item;
    const current = await read(keys.impersonating(userId));
    const item =
      current === undefined ? undefined : await read(keys.impersonation(String(current["impersonation_id"])));
    if (item === undefined) return null;
    const impersonation = Impersonation.parse(withoutKeys(item));
    return impersonation.impersonator.id === userId && runs(impersonation, new Date()) ? impersonation : null;
  },

  async organizationOf(tenantId: string): Promise<Organization | null> {
    // The epoch first: a role that changes in between makes the token one of the past, never one that outlives it.
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.tenant(tenantId), ConsistentRead: true }),
    );
    if (Item === undefined) return null;
    const roles = await customRolesOf(documents, table, tenantId);
    return { tier: String(Item["tier"]), epoch: Number(Item["access_epoch"] ?? 0), roles };
  },
});
