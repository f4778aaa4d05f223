import { createPublicKey, verify } from "node:crypto";
import type { AuditRecord, SignedCheckpoint } from "@tenantry/core/audit/audit";
import { canonical, genesis, linkHash } from "./audit-chain.ts";

export type ChainVerdict = {
  /** The links that hold, from the first. */
  readonly links: number;
  readonly checkpoints: number;
  /** What is wrong with the first link that does not hold; null when all do. */
  readonly broken: string | null;
};

/**
 * Checks one tenant's chain, from its first link: numbers without a gap, each link after the one before, each hash its
 * entry's, each checkpoint signed by the key and at the hash that it states. Needs nothing but what it is given.
 *
 * @param publicKey PEM, as KMS gives it; checkpoints are not looked at without it
 */
export const verifyChain = (
  records: readonly AuditRecord[],
  checkpoints: readonly SignedCheckpoint[] = [],
  publicKey?: string,
): ChainVerdict => {
  const linked = records.flatMap(({ chain, ...entry }) => (chain === null ? [] : [{ chain, entry }]));
  const hashes = new Map<number, string>();
  let previous = genesis;
  const stop = (broken: string): ChainVerdict => ({ links: hashes.size, checkpoints: 0, broken });

  for (const { chain, entry } of linked.toSorted((a, b) => a.chain.seq - b.chain.seq)) {
    const expected = hashes.size + 1;
    const where = `link ${chain.seq} (${entry.id})`;
    if (chain.seq > expected) return stop(`link ${expected} is missing`);
    if (chain.seq < expected) return stop(`${where} stands twice`);
    if (chain.previous !== previous) return stop(`${where} does not follow the link before it`);
    if (linkHash(previous, entry) !== chain.hash) return stop(`${where} was changed`);
    hashes.set(chain.seq, chain.hash);
    previous = chain.hash;
  }

  if (publicKey === undefined) return { links: hashes.size, checkpoints: 0, broken: null };
  const key = createPublicKey(publicKey);
  const wrong = checkpoints.flatMap(({ checkpoint, signature }) => {
    const what = `checkpoint ${checkpoint.seq}`;
    if (!verify("sha256", Buffer.from(canonical(checkpoint)), key, Buffer.from(signature, "base64")))
      return [`${what} is not signed by the key`];
    if (!hashes.has(checkpoint.seq)) return [`${what} states a link that is missing`];
    return hashes.get(checkpoint.seq) === checkpoint.hash ? [] : [`${what} states another hash than the chain has`];
  });
  return { links: hashes.size, checkpoints: checkpoints.length, broken: wrong[0] ?? null };
};
