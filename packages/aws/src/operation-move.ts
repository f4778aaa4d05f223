import type { Operation } from "@tenantry/core/operation/operation";
import type { OperationChange } from "@tenantry/core/ports";
import { commitWrites } from "./commit.ts";
import { keys, listedIn, partitions } from "./control-table.ts";
import { stepsToItem } from "./operation-item.ts";
import { giveBackWrites, takeWrites } from "./quota-writes.ts";
import { updateOf } from "./operation-update.ts";
import type { Write } from "./transact.ts";

/**
 * The writes of one transaction: the operation first, then its tenant if that moves too, then what is taken of the quotas
 * or given back, then what is committed with them.
 */
export const moveWrites = (table: string, operation: Operation, change: OperationChange): Write[] => [
  { Update: operationUpdate(table, operation, change) },
  ...(change.tenant === undefined ? [] : [{ Update: tenantUpdate(table, change.tenant, change.at) }]),
  ...(change.quota === undefined ? [] : quotaWrites(table, change.quota)),
  ...(change.commit === undefined ? [] : commitWrites(table, change.commit)),
];

const quotaWrites = (table: string, quota: NonNullable<OperationChange["quota"]>): Write[] =>
  "take" in quota ? takeWrites(table, quota.take) : giveBackWrites(table, quota.giveBack);

/** Without what is undefined; null removes the attribute. */
const defined = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const operationUpdate = (table: string, operation: Operation, change: OperationChange) =>
  updateOf(table, operation.id, {
    set: defined({
      status: change.to,
      updated_at: change.at,
      gsi1pk: listedIn(partitions.operationsIn(change.to), operation.id)["gsi1pk"],
      execution: change.execution,
      attempt: change.attempt,
      error: change.error,
      cancelled_at: change.cancelledAt,
      ended_at: change.endedAt,
      steps: change.steps && stepsToItem(change.steps),
      compensation: change.compensation && (change.compensation.length === 0 ? null : stepsToItem(change.compensation)),
    }),
    when: "#status = :status AND #execution = :execution",
    values: { ":status": operation.status, ":execution": operation.execution },
  });

const tenantUpdate = (table: string, { was, to }: NonNullable<OperationChange["tenant"]>, at: string) => {
  const listed = listedIn(partitions.tenantsIn(to, was.tier), was.id);
  return {
    TableName: table,
    Key: keys.tenant(was.id),
    UpdateExpression: "SET #status = :to, updated_at = :at, gsi2pk = :gsi2pk, gsi2sk = :gsi2sk",
    ConditionExpression: "#status = :from AND tier = :tier",
    ExpressionAttributeNames: { "#status": "status" },
    ExpressionAttributeValues: {
      ":from": was.status,
      ":to": to,
      ":at": at,
      ":tier": was.tier,
      ":gsi2pk": listed["gsi2pk"],
      ":gsi2sk": listed["gsi2sk"],
    },
  };
};
