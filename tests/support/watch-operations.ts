import { setTimeout as sleep } from "node:timers/promises";
import type { Ready } from "./app.ts";
import { askJson } from "./aws.ts";

/** How an operation may be found once nothing is done for it any more. */
const ended = new Set(["succeeded", "failed", "cancelled", "compensation_failed"]);

const patience = 480_000;
const pause = 250;

/** Operations as the Control table has them, asked for together: one request a tenant would be most of the load. */
export const watchOperations = async (ready: Ready) => {
  const { TableNames } = await askJson(ready, "dynamodb", "DynamoDB_20120810.ListTables", {});
  const table = (TableNames as string[]).find((name) => /control/i.test(name));
  if (table === undefined) throw new Error("There is no control table.");
  const waiting = new Map<string, { readonly until: number; tell(status: string): void }>();

  const statuses = async (ids: readonly string[]): Promise<Map<string, string>> => {
    const Keys = ids.map((id) => ({ pk: { S: `OPERATION#${id}` }, sk: { S: "OPERATION" } }));
    const { Responses } = await askJson(ready, "dynamodb", "DynamoDB_20120810.BatchGetItem", {
      RequestItems: {
        [table]: {
          Keys,
          ConsistentRead: true,
          ProjectionExpression: "id, #status",
          ExpressionAttributeNames: { "#status": "status" },
        },
      },
    });
    const items = (Responses?.[table] ?? []) as { id: { S: string }; status: { S: string } }[];
    return new Map(items.map(({ id, status }) => [id.S, status.S]));
  };

  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      for (; waiting.size > 0; await sleep(pause)) {
        const ids = [...waiting.keys()];
        for (let at = 0; at < ids.length; at += 100) {
          const found = await statuses(ids.slice(at, at + 100));
          for (const id of ids.slice(at, at + 100)) {
            const status = found.get(id) ?? "missing";
            const one = waiting.get(id);
            if (one === undefined || (!ended.has(status) && Date.now() < one.until)) continue;
            waiting.delete(id);
            one.tell(status);
          }
        }
      }
    } finally {
      looking = false;
    }
  };

  /** How the operation ended, or how it stands when there is no patience left. */
  return (operation: string): Promise<string> =>
    new Promise((resolve, reject) => {
      waiting.set(operation, { until: Date.now() + patience, tell: resolve });
      look().catch(reject);
    });
};
