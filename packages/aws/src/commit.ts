import type { Commit } from "@tenantry/core/ports";
import { keys, listedIn, partitions } from "./control-table.ts";
import { makingWrite } from "./makings.ts";
import type { Write } from "./transact.ts";

/** A published event is of no more use, but a week of them lets an outage of the bus be slept through. */
const eventLifeSeconds = 7 * 24 * 3600;

/** The audit entry and the events of a change, and which request made what, as writes of its transaction. */
export const commitWrites = (table: string, { audit, events, making }: Commit): Write[] => [
  {
    Put: {
      TableName: table,
      Item: {
        ...keys.audit(audit.tenant_id, audit.id),
        ...listedIn(partitions.audit, audit.id),
        entity: "audit",
        ...audit,
      },
      ConditionExpression: "attribute_not_exists(pk)",
    },
  },
  ...events.map((event) => ({
    Put: {
      TableName: table,
      Item: {
        ...keys.event(event.id),
        entity: "event",
        expires_at: Math.floor(Date.parse(event.time) / 1000) + eventLifeSeconds,
        ...event,
      },
      ConditionExpression: "attribute_not_exists(pk)",
    },
  })),
  ...(making === undefined ? [] : [makingWrite(table, making, audit.at)]),
];
