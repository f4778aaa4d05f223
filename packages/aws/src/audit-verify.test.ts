import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { AuditEntry, AuditRecord, SignedCheckpoint } from "@tenantry/core/audit/audit";
import { beforeAll, describe, expect, test } from "vitest";
import { canonical, genesis, linkHash } from "./audit-chain.ts";
import { verifyChain } from "./audit-verify.ts";

const tenant_id = "ten_01JD0000000000000000000000";

const entry = (n: number): AuditEntry => ({
  id: `aud_${String(n).padStart(26, "0")}`,
  at: "2026-11-20T13:45:12.123Z",
  actor: "user",
  action: "tenant.register",
  tenant_id,
  request_id: "r",
  source_ip: null,
  before: null,
  after: { n, text: "ü", nested: { b: [1, 2.5], a: null } },
  // As entries were before these fields were there, and as they are.
  ...(n % 2 === 0 && {
    on_behalf_of: { user_id: "u", impersonation_id: "imp_1", reason: "ticket" },
    target: "POST /x",
    user_agent: null,
    result: "done" as const,
  }),
});

const chainOf = (count: number): AuditRecord[] => {
  let previous = genesis;
  return Array.from({ length: count }, (_, at) => {
    const each = entry(at + 1);
    const hash = linkHash(previous, each);
    const record = { ...each, chain: { seq: at + 1, previous, hash } };
    previous = hash;
    return record;
  });
};

let pair: { publicKey: KeyObject; privateKey: KeyObject };
let pem: string;
beforeAll(() => {
  pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
});

const signed = (record: AuditRecord): SignedCheckpoint => {
  const checkpoint = { tenant_id, seq: record.chain!.seq, hash: record.chain!.hash, at: "2026-11-20T14:00:00.000Z" };
  return {
    checkpoint,
    signature: sign("sha256", Buffer.from(canonical(checkpoint)), pair.privateKey).toString("base64"),
  };
};

test("a whole chain holds, in whatever order it comes and with its members in another order", () => {
  const chain = chainOf(5);
  const turned = chain
    .toReversed()
    .map((record) => Object.fromEntries(Object.entries(record).toReversed()) as AuditRecord);
  expect(verifyChain(turned, [signed(chain[2]!), signed(chain[4]!)], pem)).toEqual({
    links: 5,
    checkpoints: 2,
    broken: null,
  });
});

test("an entry that has no link yet is passed over", () => {
  expect(verifyChain([...chainOf(2), { ...entry(3), chain: null }])).toMatchObject({ links: 2, broken: null });
});

describe("the first broken link is named", () => {
  const change = (at: number, more: Partial<AuditRecord>) =>
    chainOf(5).map((record, index) => (index === at ? { ...record, ...more } : record));

  test.each<[string, () => AuditRecord[], RegExp]>([
    ["an entry changed", () => change(2, { actor: "somebody else" }), /^link 3 .* was changed/],
    ["an entry left out", () => chainOf(5).toSpliced(1, 1), /^link 2 is missing/],
    ["the first left out", () => chainOf(5).slice(1), /^link 1 is missing/],
    ["one put in twice", () => [...chainOf(5), chainOf(5)[1]!], /^link 2 .* stands twice/],
    [
      "a link of another chain",
      () => {
        const forged = {
          ...entry(9),
          chain: { seq: 4, previous: "f".repeat(64), hash: linkHash("f".repeat(64), entry(9)) },
        };
        return chainOf(5).toSpliced(3, 1, forged);
      },
      /^link 4 .* does not follow/,
    ],
  ])("%s", (_, records, broken) => {
    expect(verifyChain(records()).broken).toMatch(broken);
  });

  test("an end cut off is what only a checkpoint tells", () => {
    const chain = chainOf(5);
    expect(verifyChain(chain.slice(0, 4)).broken).toBeNull();
    expect(verifyChain(chain.slice(0, 4), [signed(chain[4]!)], pem).broken).toMatch(
      /checkpoint 5 states a link that is missing/,
    );
  });

  test("so is a chain written anew", () => {
    const [, second] = chainOf(2);
    let previous = genesis;
    const anew = [entry(1), { ...entry(2), actor: "somebody else" }].map((each, at) => {
      const link = { seq: at + 1, previous, hash: linkHash(previous, each) };
      previous = link.hash;
      return { ...each, chain: link };
    });
    expect(verifyChain(anew).broken).toBeNull();
    expect(verifyChain(anew, [signed(second!)], pem).broken).toMatch(/checkpoint 2 states another hash/);
  });

  test("a checkpoint of another key counts for nothing", () => {
    const chain = chainOf(2);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" })
      .publicKey.export({ type: "spki", format: "pem" })
      .toString();
    expect(verifyChain(chain, [signed(chain[1]!)], other).broken).toMatch(/checkpoint 2 is not signed/);
  });
});
