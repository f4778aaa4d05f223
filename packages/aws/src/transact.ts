import { setTimeout as sleep } from "node:timers/promises";
import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import type { Documents } from "./dynamo.ts";

export type Write = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** Registrations meet on the count of quotas: with these waits of at most 0.4 s, twenty at once get through. */
const attempts = 12;
const longest = 400;

/**
 * Writes all or nothing. Returns the places of the writes whose condition failed: none when everything was written.
 * Two transactions that meet on one item cancel each other, which is no decision: they are tried again.
 */
export const transact = async (documents: Documents, writes: readonly Write[]): Promise<number[]> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await documents.send(new TransactWriteCommand({ TransactItems: [...writes] }));
      return [];
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const codes = (error.CancellationReasons ?? []).map((reason) => reason.Code);
      const failed = codes.flatMap((code, at) => (code === "ConditionalCheckFailed" ? [at] : []));
      if (failed.length > 0) return failed;
      if (attempt === attempts || !codes.includes("TransactionConflict")) throw error;
      await sleep(Math.random() * Math.min(longest, 25 * 2 ** attempt));
    }
  }
};
