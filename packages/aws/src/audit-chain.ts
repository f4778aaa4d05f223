import { createHash } from "node:crypto";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { AuditEntry, type AuditLink } from "@tenantry/core/audit/audit";
import canonicalize from "canonicalize";
import { keys, listedIn, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { transact } from "./transact.ts";

/** What the first link of a chain follows. */
export const genesis = "0".repeat(64);

/** JSON in the one form of RFC 8785, whatever the order in which its members were written. */
export const canonical = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("That has no canonical JSON.");
  return text;
};

/** The hash of an entry after another's. */
export const linkHash = (previous: string, entry: AuditEntry): string =>
  createHash("sha256")
    .update(`${previous}\n${canonical(entry)}`)
    .digest("hex");

/** The end of a tenant's chain. */
export type ChainHead = {
  readonly tenant_id: string;
  readonly seq: number;
  readonly hash: string;
  /** The last link that a checkpoint states. */
  readonly checkpointed: number;
};

export const chainHeadOf = (item: Readonly<Record<string, unknown>>): ChainHead => ({
  tenant_id: String(item["tenant_id"]),
  seq: Number(item["seq"]),
  hash: String(item["hash"]),
  checkpointed: Number(item["checkpointed"] ?? 0),
});

const attempts = 8;

/**
 * Links an entry to the end of its tenant's chain: the entry's link and the chain's new end are written together, on the
 * end being where it was. An entry that has a link keeps it.
 *
 * @throws Error when others were faster eight times in a row, or the entry is gone.
 */
export const auditChain =
  (documents: Documents, table: string) =>
  async (entry: Pick<AuditEntry, "id" | "tenant_id">): Promise<AuditLink> => {
    const read = async (key: Record<string, string>) =>
      (await documents.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item;
    const place = keys.audit(entry.tenant_id, entry.id);
    const end = keys.auditChain(entry.tenant_id);
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const [stored, head] = await Promise.all([read(place), read(end)]);
      if (stored === undefined) throw new Error(`The audit entry ${entry.id} is gone.`);
      const { chain, ...rest } = withoutKeys(stored);
      if (chain !== undefined) return chain as AuditLink;
      const [seq, previous] = head === undefined ? [0, genesis] : [Number(head["seq"]), String(head["hash"])];
      const link = { seq: seq + 1, previous, hash: linkHash(previous, AuditEntry.parse(rest)) };
      const failed = await transact(documents, [
        {
          Update: {
            TableName: table,
            Key: place,
            UpdateExpression: "SET chain = :link",
            ConditionExpression: "attribute_exists(pk) AND attribute_not_exists(chain)",
            ExpressionAttributeValues: { ":link": link },
          },
        },
        {
          Update: {
            TableName: table,
            Key: end,
            UpdateExpression:
              "SET seq = :seq, #hash = :hash, tenant_id = :tenant, entity = :entity, gsi1pk = :list, gsi1sk = :tenant",
            ConditionExpression: head === undefined ? "attribute_not_exists(pk)" : "seq = :was",
            ExpressionAttributeNames: { "#hash": "hash" },
            ExpressionAttributeValues: {
              ":seq": link.seq,
              ":hash": link.hash,
              ":tenant": entry.tenant_id,
              ":entity": "audit-chain",
              ":list": listedIn(partitions.auditChains, entry.tenant_id).gsi1pk,
              ...(head !== undefined && { ":was": seq }),
            },
          },
        },
      ]);
      if (failed.length === 0) return link;
    }
    throw new Error(`The chain of ${entry.tenant_id} was never at rest.`);
  };
