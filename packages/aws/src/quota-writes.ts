import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { type Claim, type Counter, counters, type QuotaUse } from "@tenantry/core/tenant/quota";
import { keys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import type { Write } from "./transact.ts";

/**
 * How much of each quota tenants take is one item of the Control table, changed in the transaction that registers a
 * tenant, gives it up or tries it again. So it is exact, however many do so at once; those who meet on it try again.
 */
const update = (table: string, claim: Claim, sign: 1 | -1, condition?: string): Write[] =>
  claim.length === 0
    ? []
    : [
        {
          Update: {
            TableName: table,
            Key: keys.quotas,
            UpdateExpression: `ADD ${claim.map((_, at) => `#c${at} :a${at}`).join(", ")}`,
            ...(condition === undefined ? {} : { ConditionExpression: condition }),
            ExpressionAttributeNames: Object.fromEntries(claim.map(({ counter }, at) => [`#c${at}`, counter])),
            ExpressionAttributeValues: Object.fromEntries(
              claim.flatMap(({ amount, most }, at): [string, number][] => [
                [`:a${at}`, sign * amount],
                ...(condition === undefined ? [] : [[`:room${at}`, most - amount] as [string, number]]),
              ]),
            ),
          },
        },
      ];

/** One write, whose condition fails when one of the quotas has no room; none for a claim of nothing. */
export const takeWrites = (table: string, claim: Claim): Write[] => {
  // What nobody has taken of yet has no attribute; nothing is less than room below zero.
  const rooms = claim.map(({ amount, most }, at) =>
    most < amount ? `#c${at} <= :room${at}` : `(attribute_not_exists(#c${at}) OR #c${at} <= :room${at})`,
  );
  return update(table, claim, 1, rooms.join(" AND "));
};

export const giveBackWrites = (table: string, claim: Claim): Write[] => update(table, claim, -1);

export const readQuotaUse = async (documents: Documents, table: string): Promise<QuotaUse> => {
  const { Item = {} } = await documents.send(
    new GetCommand({ TableName: table, Key: keys.quotas, ConsistentRead: true }),
  );
  return Object.fromEntries(counters.map((counter): [Counter, number] => [counter, Number(Item[counter] ?? 0)]));
};
