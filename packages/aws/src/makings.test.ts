import { createHash } from "node:crypto";
import { GetCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { permissions, permissionsOf, platformOrg } from "@tenantry/core/access/policy";
import type { Context } from "@tenantry/core/context";
import { keyLifeSeconds, type KeyedRequest } from "@tenantry/core/idempotency";
import { startImpersonation } from "@tenantry/core/impersonation/start";
import { createApiKey, revokeApiKey, rotateApiKey } from "@tenantry/core/key/verbs";
import { createWebhook } from "@tenantry/core/webhook/create";
import { deleteWebhook } from "@tenantry/core/webhook/delete";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { dynamoApiKeys, newSecret } from "./api-keys.ts";
import { keys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { dynamoImpersonations } from "./impersonations.ts";
import { dynamoMakings } from "./makings.ts";
import { newId } from "./new-id.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { tenantOf } from "./testing/registries.ts";
import { dynamoWebhooks } from "./webhooks.ts";

// A request that died between what it did and its answer, and comes again.

let engine: Engine;
beforeAll(async () => {
  engine = await startDynamo();
});
afterAll(() => engine.stop());

const tenant = tenantOf("acme", "trial", "active");
const owner: Context = {
  actor: { id: "owner", orgId: tenant.id, permissions: new Set(permissionsOf(["tenant-owner"])), sessionId: "s" },
  requestId: "r",
};
const staff: Context = {
  actor: { id: "staff", orgId: platformOrg, permissions: new Set(permissions), sessionId: "s" },
  requestId: "r",
};

let now: number;
let table: string;
let ports: ReturnType<typeof portsOn>;
beforeEach(async () => {
  now = Date.parse("2026-11-20T12:00:00.000Z");
  table = `control-${newId("event")}`;
  await createControlTable(engine.documents, table);
  ports = portsOn(engine.documents);
});

const portsOn = (documents: Documents) => {
  const clock = () => new Date(now);
  const secrets = new Map<string, string>();
  const member = { user_id: "u", tenant_id: tenant.id, roles: ["tenant-owner"], created_at: clock().toISOString() };
  return {
    keys: dynamoApiKeys(documents, table),
    makings: dynamoMakings(documents, table, clock),
    webhooks: dynamoWebhooks(documents, table),
    impersonations: dynamoImpersonations(documents, table, () => ({ userPoolId: "pool", clientId: "client" })),
    registry: { getTenant: async () => tenant },
    members: { get: async () => member },
    receivers: { refusal: async () => null, post: async () => Promise.reject(new Error("Nothing is sent.")) },
    secrets: {
      async create(id: string) {
        secrets.set(id, `whsec_${secrets.size}`);
        return secrets.get(id)!;
      },
      read: async (id: string) => (secrets.has(id) ? [secrets.get(id)!] : null),
      rotate: async () => null,
      async remove(id: string) {
        secrets.delete(id);
      },
    },
    newSecret,
    clock,
    newId,
  };
};

const request = (operation: string, payload: object = { body: { name: "k" } }, more: Partial<KeyedRequest> = {}) => ({
  caller: "org#ada",
  operation,
  key: "once",
  payload: { ...payload },
  ...more,
});
const count = async (entity: string): Promise<number> => {
  const { Items = [] } = await engine.documents.send(new ScanCommand({ TableName: table }));
  return Items.filter((item) => item["entity"] === entity).length;
};
const hashOf = async (id: string): Promise<unknown> =>
  (await engine.documents.send(new GetCommand({ TableName: table, Key: keys.apiKey(id) }))).Item?.["secret_hash"];
const hash = (text: string) => createHash("sha256").update(text.split("_").slice(2).join("_")).digest("hex");
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;
const seed = { name: "k", scopes: ["usage:read"] };

test("a webhook is made once and told again with its secret, unless it is gone", async () => {
  const input = { url: "https://hooks.example.com/a", event_types: ["tenant.activated.v1" as const] };
  const make = (again = request("createWebhook")) => createWebhook(ports)(staff, input, again);
  const first = await make();
  expect(await make()).toEqual(first);
  expect([await count("webhook"), await count("audit")]).toEqual([1, 1]);
  await deleteWebhook(ports)(staff, { webhookId: first.webhook.id });
  await expect(make()).rejects.toEqual(code("state-conflict"));
  expect(await count("webhook")).toBe(0);
});

test("an API key is made once, and what is told again is the only text that works", async () => {
  const make = () => createApiKey(ports)(owner, seed, request("createApiKey"));
  const first = await make();
  const { key, ...again } = await make();
  expect({ ...again, key: first.key }).toEqual(first);
  expect(key).not.toBe(first.key);
  expect(await hashOf(first.id)).toBe(hash(key));
  expect(await count("api-key")).toBe(1);
  await revokeApiKey(ports)(owner, { id: first.id });
  await expect(make()).rejects.toEqual(code("api-key-not-active"));
});

test("a key is replaced once, by one whose text the caller has in the end", async () => {
  const old = await createApiKey(ports)(owner, seed);
  const rotate = () =>
    rotateApiKey(ports)(owner, { id: old.id, overlapSeconds: 60 }, request("rotateApiKey", { params: old.id }));
  const first = await rotate();
  const again = await rotate();
  expect(again.id).toBe(first.id);
  expect(await hashOf(first.id)).toBe(hash(again.key));
  expect(await count("api-key")).toBe(2);
});

test("an impersonation begins once, and ends when it would have", async () => {
  const input = { tenantId: tenant.id, userId: "u", reason: "ticket", minutes: 5 };
  const begin = () => startImpersonation(ports)(staff, input, request("startImpersonation"));
  const first = await begin();
  now += 20_000;
  expect(await begin()).toEqual(first);
  expect(await count("impersonation")).toBe(1);
});

test("a request is another one by its caller, its operation and its key, and without a key by itself", async () => {
  const make = (more: Partial<KeyedRequest>) =>
    createApiKey(ports)(owner, seed, request("createApiKey", undefined, more));
  const made = [
    await make({}),
    await make({ caller: "org#bob" }),
    await make({ operation: "rotateApiKey" }),
    await make({ key: "other" }),
    await createApiKey(ports)(owner, seed),
    await createApiKey(ports)(owner, seed),
  ];
  expect(new Set(made.map(({ id }) => id)).size).toBe(6);
});

test("another request under the key of one that made something is refused", async () => {
  const make = (payload: object) => createApiKey(ports)(owner, seed, request("createApiKey", payload));
  const first = await make({ body: { name: "k", scopes: ["a", "b"] } });
  expect(await make({ body: { scopes: ["a", "b"], name: "k" } })).toMatchObject({ id: first.id });
  for (const payload of [{ body: { name: "other", scopes: ["a", "b"] } }, { body: { name: "k", scopes: ["b", "a"] } }])
    await expect(make(payload)).rejects.toEqual(code("idempotency-key-reused"));
});

test("of the same request at once, one makes something and no other makes more", async () => {
  const make = () => createApiKey(ports)(owner, seed, request("createApiKey"));
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, make));
  expect(outcomes.some(({ status }) => status === "fulfilled")).toBe(true);
  expect(await count("api-key")).toBe(1);
});

test("after a day the key is anybody's", async () => {
  const make = () => createApiKey(ports)(owner, seed, request("createApiKey"));
  const first = await make();
  now += (keyLifeSeconds - 1) * 1000;
  expect((await make()).id).toBe(first.id);
  now += 1000;
  expect((await make()).id).not.toBe(first.id);
});
