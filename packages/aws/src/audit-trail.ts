import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { type AuditFilter, AuditRecord, type AuditTrail } from "@tenantry/core/audit/audit";
import { encodeTime } from "ulid";
import { auditPartition, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";

type Item = Record<string, unknown>;

/** Items read at a time while few of them pass the filter. */
const most = 200;

const prefix = "aud_";
const idAt = (instant: string, rest: string): string => `${prefix}${encodeTime(Date.parse(instant), 10)}${rest}`;

/** The ids between two instants; entries sort by id, which is by time. */
const range = ({ from, to }: AuditFilter, after: string | null): { readonly least: string; readonly most: string } => {
  const end = to === undefined ? `${prefix}~` : idAt(to, "");
  return { least: from === undefined ? prefix : idAt(from, ""), most: after !== null && after < end ? after : end };
};

type Condition = {
  readonly text: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
};

const conditionsOf = ({ actor, action, result, onBehalfOf }: AuditFilter): Condition[] => {
  const equal = (name: string, value: string | undefined): Condition[] =>
    value === undefined
      ? []
      : [{ text: `#${name} = :${name}`, names: { [`#${name}`]: name }, values: { [`:${name}`]: value } }];
  const [ended] = equal("result", result);
  return [
    ...equal("actor", actor),
    ...equal("action", action),
    // What was written before there were results was done.
    ...(ended === undefined
      ? []
      : [result === "done" ? { ...ended, text: `(${ended.text} OR attribute_not_exists(#result))` } : ended]),
    ...(onBehalfOf === undefined
      ? []
      : [
          {
            text: "#behalf.#user = :user",
            names: { "#behalf": "on_behalf_of", "#user": "user_id" },
            values: { ":user": onBehalfOf },
          },
        ]),
  ];
};

/** The audit trail in the Control table. */
export const dynamoAuditTrail = (documents: Documents, table: string): AuditTrail => ({
  async list(filter, { limit, after }) {
    const { tenantId } = filter;
    const whose = tenantId === undefined ? partitions.audit : { index: undefined, value: auditPartition(tenantId) };
    const [pk, sk] = whose.index === undefined ? ["pk", "sk"] : [`${whose.index}pk`, `${whose.index}sk`];
    const between = range(filter, after);
    if (between.least >= between.most) return { items: [], next: null };
    const only = conditionsOf(filter);
    const items: Item[] = [];
    let from: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await documents.send(
        new QueryCommand({
          TableName: table,
          IndexName: whose.index,
          KeyConditionExpression: "#pk = :pk AND #sk BETWEEN :least AND :most",
          ...(only.length > 0 && { FilterExpression: only.map(({ text }) => text).join(" AND ") }),
          ExpressionAttributeNames: {
            "#pk": pk,
            "#sk": sk,
            ...Object.assign({}, ...only.map(({ names }) => names)),
          },
          ExpressionAttributeValues: {
            ":pk": whose.value,
            ":least": between.least,
            ":most": between.most,
            ...Object.assign({}, ...only.map(({ values }) => values)),
          },
          ScanIndexForward: false,
          Limit: only.length > 0 ? most : limit + 2,
          ExclusiveStartKey: from,
        }),
      );
      // The position of the page before is not part of this one; neither is what began at `to`.
      items.push(...Items.filter((item) => String(item["id"]) < between.most));
      from = LastEvaluatedKey;
    } while (from !== undefined && items.length <= limit);
    const page = items.slice(0, limit).map(recordOf);
    return { items: page, next: items.length > limit ? (page.at(-1)?.id ?? null) : null };
  },
});

const recordOf = (item: Item): AuditRecord => AuditRecord.parse({ chain: null, ...withoutKeys(item) });
