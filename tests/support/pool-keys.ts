import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SealedKeys } from "@tenantry/local-cloud/services/cognito/keys";
import { openSeal } from "@tenantry/local-cloud/services/seal";
import type { Ready } from "./app.ts";

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

/**
 * The keys that a user pool of the running cloud signs with, taken from its data folder: a test that shows what a good
 * signature does not excuse must be able to make one.
 */
export const poolKeys = (ready: Ready, poolId: string): Readonly<Record<"access" | "id", SigningKey>> => {
  const store = new DatabaseSync(join(ready.data, "store.sqlite"), { readOnly: true });
  try {
    const row = store
      .prepare("SELECT value FROM documents WHERE collection = ? AND key = ?")
      .get("cognito-keys", poolId);
    if (row === undefined) throw new Error(`The user pool ${poolId} has no keys.`);
    const keys = JSON.parse(String(row["value"])) as SealedKeys;
    const seal = openSeal(readFileSync(join(ready.data, "seed"), "utf8").trim(), "cognito-idp");
    const open = ({ kid, sealed }: SealedKeys["access"]): SigningKey => ({
      kid,
      privateKey: createPrivateKey(seal.open(sealed, `${poolId} ${kid}`)),
    });
    return { access: open(keys.access), id: open(keys.id) };
  } finally {
    store.close();
  }
};
