import { randomUUID } from "node:crypto";
import { AwsError } from "../gateway/service.ts";
import type { Collection, Store } from "../store.ts";

/** A key. Its bytes lie sealed in the store. */
export type Key = {
  readonly id: string;
  readonly arn: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** When the key is gone, once its deletion is scheduled. */
  readonly deletesAt?: number;
  /** A cancelled deletion leaves a key disabled. */
  readonly disabled?: boolean;
  readonly sealed: string;
  /** Absent for a symmetric key. */
  readonly spec?: "ECC_NIST_P256";
};

export type KeyState = "Enabled" | "Disabled" | "PendingDeletion";

/** The account's keys and their aliases, the same to every part that opens them. */
export interface Keys {
  readonly keys: Collection<Key>;
  /** By `alias/name`: the key's id. */
  readonly aliases: Collection<string>;
  now(): number;
  /** By id, ARN, alias or alias ARN; a key whose waiting period is over is gone. */
  find(reference: string): Key | undefined;
  /** @throws AwsError NotFoundException */
  need(reference: string): Key;
  /** @throws AwsError NotFoundException, or KMSInvalidStateException for a key that cannot be used. */
  needUsable(reference: string): Key;
}

export const stateOf = (key: Key): KeyState =>
  key.deletesAt !== undefined ? "PendingDeletion" : key.disabled === true ? "Disabled" : "Enabled";

export const openKeys = (store: Store, now: () => number = () => Date.now() / 1000): Keys => {
  const keys = store.collection<Key>("kms-keys");
  const aliases = store.collection<string>("kms-aliases");
  const find = (reference: string): Key | undefined => {
    const name = reference.startsWith("arn:") ? reference.split(":").slice(5).join(":") : reference;
    const id = name.startsWith("alias/") ? aliases.get(name) : name.replace(/^key\//, "");
    const key = id === undefined ? undefined : keys.get(id);
    return key?.deletesAt !== undefined && key.deletesAt <= now() ? undefined : key;
  };
  const need = (reference: string): Key => {
    const key = find(reference);
    if (!key) throw new AwsError("NotFoundException", `Key '${reference}' does not exist`);
    return key;
  };
  return {
    keys,
    aliases,
    now,
    find,
    need,
    needUsable(reference) {
      const key = need(reference);
      if (stateOf(key) === "PendingDeletion")
        throw new AwsError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
      if (stateOf(key) === "Disabled") throw new AwsError("DisabledException", `${key.arn} is disabled.`);
      return key;
    },
  };
};

export const newKeyId = (): string => randomUUID();

/** The policy that KMS gives a key made without one: the account's own policies decide. */
export const defaultKeyPolicy = (account: string): object => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "kms:*", Resource: "*" }],
});
