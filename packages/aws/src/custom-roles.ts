import { z } from "zod";
import type { CustomRole } from "@tenantry/core/access/policy";
import type { CustomRoles } from "@tenantry/core/user/ports";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, rolesOf } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";
import { transact, type Write } from "./transact.ts";

const Role = z.object({ name: z.string(), permissions: z.array(z.string()) });

/** The roles of a tenant's own. */
export const customRolesOf = async (documents: Documents, table: string, tenantId: string): Promise<CustomRole[]> => {
  const items = await queryAll(documents, {
    TableName: table,
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": rolesOf(tenantId) },
    ConsistentRead: true,
  });
  return items.map((item) => Role.parse(item));
};

/** Tenants' own roles in the Control table, each tenant's in a partition of their own. */
export const dynamoCustomRoles = (documents: Documents, table: string): CustomRoles => {
  /** Tokens that were made from the roles of before are refused from now on. */
  const newEpoch = (tenantId: string): Write => ({
    Update: {
      TableName: table,
      Key: keys.tenant(tenantId),
      UpdateExpression: "ADD access_epoch :one",
      ConditionExpression: "attribute_exists(pk)",
      ExpressionAttributeValues: { ":one": 1 },
    },
  });

  return {
    of: (tenantId) => customRolesOf(documents, table, tenantId),

    async put(tenantId, role, at, commit) {
      const Item = { ...keys.role(tenantId, role.name), entity: "role" satisfies Entity, ...role, updated_at: at };
      const failed = await transact(documents, [
        { Put: { TableName: table, Item } },
        newEpoch(tenantId),
        ...commitWrites(table, commit),
      ]);
      if (failed.length > 0) throw new Error(`The role ${role.name} of ${tenantId} could not be written.`);
    },

    async remove(tenantId, name, commit) {
      const failed = await transact(documents, [
        {
          Delete: { TableName: table, Key: keys.role(tenantId, name), ConditionExpression: "attribute_exists(pk)" },
        },
        newEpoch(tenantId),
        ...commitWrites(table, commit),
      ]);
      if (failed.some((position) => position > 0))
        throw new Error(`The role ${name} of ${tenantId} could not be taken away.`);
      return failed.length === 0;
    },
  };
};
