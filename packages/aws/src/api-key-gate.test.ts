import { createHash } from "node:crypto";
import type { Context } from "@tenantry/core/context";
import { keyScopes } from "@tenantry/core/access/key-scopes";
import { type Permission, permissionsOf } from "@tenantry/core/access/policy";
import type { KeyPorts } from "@tenantry/core/key/api-key";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from "@tenantry/core/key/verbs";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type ApiKeyFacts, apiKeyFacts, apiKeyGate, keysOr } from "./api-key-gate.ts";
import { dynamoApiKeys, newSecret } from "./api-keys.ts";
import { keys } from "./control-table.ts";
import { dynamoMakings } from "./makings.ts";
import { newId } from "./new-id.ts";
import { type RawItem, type TableFetch, tableFetch, TableRefusal } from "./table-fetch.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { stubSettings } from "./testing/stub-settings.ts";

const table = "control";
let engine: Engine;
let facts: ApiKeyFacts;
let ports: KeyPorts;
let now: number;
let tenant: string;

beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, table);
  stubSettings(engine, table);
  facts = apiKeyFacts(tableFetch(), table);
  ports = {
    keys: dynamoApiKeys(engine.documents, table),
    makings: dynamoMakings(engine.documents, table),
    newSecret,
    clock: () => new Date(now),
    newId,
  };
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine.stop();
});

const setTenant = (status: string, more: object = {}) =>
  engine.documents.send(new PutCommand({ TableName: table, Item: { ...keys.tenant(tenant), status, ...more } }));
beforeEach(async () => {
  now = Date.parse("2026-11-20T12:00:00.000Z");
  tenant = newId("tenant");
  await setTenant("active");
});

const as = (permissions: readonly Permission[] = permissionsOf(["tenant-owner"])): Context => ({
  actor: { id: "u", orgId: tenant, permissions: new Set(permissions), sessionId: "s" },
  requestId: "r",
});
const gate = (over = facts) => apiKeyGate(over, { keptMillis: 5000, now: () => now });
const make = (more: object = {}) => createApiKey(ports)(as(), { name: "export", scopes: ["usage:read"], ...more });
const refusal = (code: string) => expect.objectContaining({ code }) as unknown;
const page = { limit: 10, after: null };

describe("a key", () => {
  test("lets its bearer do what its scopes say, and shows when it was used; its secret is kept nowhere", async () => {
    const made = await make();
    expect(made.key).toMatch(/^tk_[0-9A-HJKMNP-TV-Z]{26}_[\w-]{43}$/);
    expect(await gate()(made.key)).toEqual({
      sub: made.id,
      email: "",
      org_id: tenant,
      permissions: "usage:read",
      sid: "",
    });
    await setTenant("active", { resources: { identity: { usage_key_id: "k1" } } });
    expect(await gate()(made.key)).toMatchObject({ usageKey: tenant.replace("_", "") });
    now += 59_000;
    await gate()(made.key);
    const { items } = await listApiKeys(ports)(as(), page);
    expect(items).toMatchObject([{ id: made.id, last_used_at: "2026-11-20T12:00:00.000Z" }]);
    const secret = made.key.split("_").slice(2).join("_");
    expect(JSON.stringify([items, await facts.read(made.id)])).not.toContain(secret);
  });

  test("is refused when revoked or ended, five seconds later at most", async () => {
    const made = await make({ ends_at: "2026-11-20T13:00:00+00:00" });
    const verify = gate();
    await verify(made.key);
    await revokeApiKey(ports)(as(), { id: made.id });
    await expect(gate()(made.key)).rejects.toThrow("was revoked");
    now += 4999;
    expect(await verify(made.key)).toMatchObject({ sub: made.id });
    now += 1;
    await expect(verify(made.key)).rejects.toThrow("was revoked");
    await expect(revokeApiKey(ports)(as(), { id: made.id })).rejects.toEqual(refusal("api-key-not-active"));
    await expect(rotateApiKey(ports)(as(), { id: made.id, overlapSeconds: 0 })).rejects.toEqual(
      refusal("api-key-not-active"),
    );

    const ending = await make({ ends_at: "2026-11-20T13:00:00.000Z" });
    now = Date.parse("2026-11-20T12:59:59.999Z");
    expect(await gate()(ending.key)).toMatchObject({ sub: ending.id });
    now += 1;
    await expect(gate()(ending.key)).rejects.toThrow("has ended");
    await expect(make({ ends_at: "2026-11-20T13:00:00.000Z" })).rejects.toEqual(refusal("invalid-request"));
  });

  test("that is rotated works on for its overlap, beside the one in its place, and is rotated once", async () => {
    const old = await make();
    const next = await rotateApiKey(ports)(as(), { id: old.id, overlapSeconds: 60 });
    expect(next).toMatchObject({ name: "export", scopes: ["usage:read"], ends_at: null, replaced_by: null });
    for (const { id, key } of [old, next]) expect(await gate()(key)).toMatchObject({ sub: id });
    await expect(rotateApiKey(ports)(as(), { id: old.id, overlapSeconds: 60 })).rejects.toEqual(
      refusal("api-key-not-active"),
    );
    now += 60_000;
    await expect(gate()(old.key)).rejects.toThrow("has ended");
    expect(await gate()(next.key)).toMatchObject({ sub: next.id });
    // A key that was replaced can still be revoked before its overlap is over.
    const last = await rotateApiKey(ports)(as(), { id: next.id, overlapSeconds: 3600 });
    await revokeApiKey(ports)(as(), { id: next.id });
    await expect(gate()(next.key)).rejects.toThrow("was revoked");
    expect(await gate()(last.key)).toMatchObject({ sub: last.id });
  });

  test("has no scope that its maker lacks, nor one for people alone", async () => {
    const some = as(["api-keys:manage", "usage:read"]);
    for (const scope of ["storage:credentials", "api-keys:manage", "users:manage", "tenants:create", "made:up"])
      await expect(createApiKey(ports)(some, { name: "k", scopes: [scope] })).rejects.toEqual(
        refusal("api-key-scope-refused"),
      );
    const wide = await createApiKey(ports)(as(), { name: "k", scopes: ["storage:credentials"] });
    await expect(rotateApiKey(ports)(some, { id: wide.id, overlapSeconds: 0 })).rejects.toEqual(
      refusal("api-key-scope-refused"),
    );
    expect(keyScopes).not.toContain("api-keys:manage");
  });

  test("of another tenant is not there", async () => {
    const made = await make();
    tenant = newId("tenant");
    for (const ask of [
      revokeApiKey(ports),
      (ctx: Context, { id }: { id: string }) => rotateApiKey(ports)(ctx, { id, overlapSeconds: 0 }),
    ])
      await expect(ask(as(), { id: made.id })).rejects.toEqual(refusal("api-key-not-found"));
    expect((await listApiKeys(ports)(as(), page)).items).toEqual([]);
  });

  test("of a tenant that is suspended may do nothing", async () => {
    const made = await make();
    await setTenant("suspended");
    expect(await gate()(made.key)).toMatchObject({ barred: "the organisation is suspended" });
  });

  test("that is none is refused, and its reason does not hold it", async () => {
    const made = await make();
    const other = await make();
    const mixed = `${made.key.slice(0, 30)}${other.key.slice(30)}`;
    for (const text of ["tk_", "tk_x_y", mixed, made.key.slice(0, -1), `${made.key}x`, made.key.toLowerCase()]) {
      const reason = await gate()(text).then(() => "let in", String);
      expect(reason).toMatch(/no key of ours|no such key/);
      expect(reason).not.toContain(text.slice(30) || "nothing");
    }
  });

  test("is not judged while the registry does not answer", async () => {
    const made = await make();
    const down: ApiKeyFacts = { ...facts, read: () => Promise.reject(new Error("throttled")) };
    await expect(gate(down)(made.key)).rejects.toMatchObject({ name: "KeysUnavailable" });
  });
});

describe("the registry of keys", () => {
  const secret = "s".repeat(43);
  const text = `tk_${"0".repeat(26)}_${secret}`;
  const item = (more: object = {}) => ({
    secret_hash: { S: createHash("sha256").update(secret).digest("hex") },
    tenant_id: { S: "ten_A" },
    scopes: { L: [{ S: "usage:read" }] },
    ...more,
  });
  const recorder = (found: RawItem | undefined, status: string | undefined = "active") => {
    const asked: unknown[][] = [];
    const recorded: ApiKeyFacts = {
      read: async (id) => (asked.push(["read", id]), found),
      tenant: async (id) => (asked.push(["tenant", id]), { status: { S: status } }),
      note: async (...all) => void asked.push(["note", ...all]),
    };
    return { asked, gate: gate(recorded) };
  };

  test("is not asked for what is no key", async () => {
    const { asked, gate: judge } = recorder(item());
    for (const odd of [` ${text}`, `${text} `, `x${text}`, text.replace("tk", "sk"), `tk_${"I".repeat(26)}_${secret}`])
      await expect(judge(odd)).rejects.toThrow("no key of ours");
    expect(asked).toEqual([]);
  });

  test.for<[what: string, found: RawItem | undefined]>([
    ["nothing", undefined],
    ["an item without a hash", { tenant_id: { S: "ten_A" } }],
    ["a hash that is no text", item({ secret_hash: { N: "1" } })],
    ["a shorter hash", item({ secret_hash: { S: "00" } })],
    ["another hash", item({ secret_hash: { S: "0".repeat(64) } })],
  ])("that has %s knows no such key", async ([, found]) =>
    expect(recorder(found).gate(text)).rejects.toThrow("There is no such key."),
  );

  test("hears of a use at most once a minute", async () => {
    const at = (millisAgo: number) => ({ last_used_at: { S: new Date(now - millisAgo).toISOString() } });
    const id = `key_${"0".repeat(26)}`;
    for (const [more, noted] of [
      [{}, true],
      [{ last_used_at: { S: "never" } }, true],
      [at(60_000), true],
      [at(59_999), false],
    ] as const) {
      const { asked, gate: judge } = recorder(item(more));
      await judge(text);
      expect(asked.filter(([what]) => what === "note")).toEqual(noted ? [["note", id, now, now - 60_000]] : []);
    }
  });

  test("gives a key without scopes, or of nobody, nothing", async () => {
    expect(await recorder(item({ scopes: undefined })).gate(text)).toMatchObject({ permissions: "" });
    expect(await recorder(item({ scopes: { S: "usage:read" } })).gate(text)).toMatchObject({ permissions: "" });
    const { asked, gate: judge } = recorder(item({ tenant_id: undefined }));
    expect(await judge(text)).toMatchObject({ org_id: "" });
    expect(asked).toContainEqual(["tenant", ""]);
    const gone: ApiKeyFacts = {
      read: async () => item(),
      tenant: async () => undefined,
      note: async () => undefined,
    };
    expect(await gate(gone)(text)).toMatchObject({ barred: "the organisation is gone" });
  });

  test("is read consistently, and fails with the table unless a note was refused on its condition", async () => {
    const asked: [string, object][] = [];
    let answer: unknown = {};
    const call: TableFetch = async <Answer>(action: string, input: object) => {
      asked.push([action, input]);
      if (answer instanceof Error) throw answer;
      return answer as Answer;
    };
    const recorded = apiKeyFacts(call, "t");
    expect([await recorded.read("key_1"), await recorded.tenant("ten_A")]).toEqual([undefined, undefined]);
    for (const [action, input] of asked) expect([action, input]).toMatchObject(["GetItem", { ConsistentRead: true }]);
    answer = { Item: {} };
    expect(await recorded.tenant("ten_A")).toEqual({});
    answer = new TableRefusal("UpdateItem", 400, "ConditionalCheckFailedException");
    expect(await recorded.note("key_1", now, now)).toBeUndefined();
    for (answer of [
      new TableRefusal("UpdateItem", 400, "ThrottlingException"),
      Object.assign(new Error("else"), { code: "ConditionalCheckFailedException" }),
    ])
      await expect(recorded.note("key_1", now, now)).rejects.toBe(answer);
  });

  test("is asked anew about the least recently judged of more than a thousand keys", async () => {
    const { asked, gate: judge } = recorder(item());
    const other = (n: number) => `tk_${String(n).padStart(26, "0")}_${secret}`;
    for (let n = 0; n < 1000; n++) await judge(other(n));
    asked.length = 0;
    await judge(other(0));
    expect(asked).toEqual([]);
    await judge(other(1000));
    asked.length = 0;
    await judge(other(1));
    expect(asked).toEqual([]);
    await judge(other(0));
    expect(asked).not.toEqual([]);
    // What is judged again is the youngest again.
    now += 5000;
    await judge(other(2));
    await judge(other(2000));
    asked.length = 0;
    await judge(other(2));
    expect(asked).toEqual([]);
  });
});

test("keys and tokens go their own ways", async () => {
  const origin = { sourceIp: "", userAgent: "" };
  const made = await make();
  const either = keysOr(gate(), async () => "a token");
  expect(await either("a.b.c", origin)).toBe("a token");
  expect(await either(made.key, origin)).toMatchObject({ sub: made.id });
});
