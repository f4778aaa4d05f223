import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { cachedIssuers, type FindIssuer, issuerReader } from "./issuer-reader.ts";
import { dynamoIssuers } from "./issuers.ts";
import type { TableFetch } from "./table-fetch.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { stubSettings } from "./testing/stub-settings.ts";

let engine: Engine;
const table = "control";

beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, table);
  stubSettings(engine, table);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine.stop();
});

describe("whose client it is", () => {
  test("is read as it was registered, by pool and client, until it is removed", async () => {
    const issuers = dynamoIssuers(engine.documents, table);
    const one = { user_pool_id: "us-east-1_One", client_id: "client", tenant_id: "ten_A" };
    const find = issuerReader();
    expect(await find("us-east-1_One", "client")).toBeNull();
    await issuers.register(one);
    expect(await find("us-east-1_One", "client")).toEqual({ tenant_id: "ten_A" });
    expect(await find("us-east-1_One", "other")).toBeNull();
    expect(await find("us-east-1_Two", "client")).toBeNull();
    await issuers.remove(one);
    expect(await find("us-east-1_One", "client")).toBeNull();
  });

  test("is read consistently, and nothing but the tenant", async () => {
    const calls: unknown[] = [];
    const call: TableFetch = async <Answer>(action: string, input: object) => {
      calls.push([action, input]);
      return { Item: {} } as Answer;
    };
    expect(await issuerReader(call, "t")("pool", "client")).toBeNull();
    expect(calls).toMatchObject([
      ["GetItem", { TableName: "t", ConsistentRead: true, ProjectionExpression: "tenant_id" }],
    ]);
  });
});

describe("a remembered answer", () => {
  const counted = (answer: FindIssuer) => {
    const asked: string[] = [];
    let time = 0;
    const find = cachedIssuers(
      (pool, client) => (asked.push(`${pool}/${client}`), answer(pool, client)),
      5000,
      () => time,
    );
    return { asked, find, at: (now: number) => void (time = now) };
  };

  test("is of its own pool and client, and is asked anew after its time", async () => {
    const { asked, find, at } = counted(async (pool, client) => ({ tenant_id: `${pool}-${client}` }));
    for (const [pool, client] of [
      ["a", "b"],
      ["a", "c"],
      ["b", "b"],
      ["a", "b"],
    ] as const)
      expect(await find(pool, client)).toEqual({ tenant_id: `${pool}-${client}` });
    expect(asked).toEqual(["a/b", "a/c", "b/b"]);
    at(4999);
    await find("a", "b");
    expect(asked).toHaveLength(3);
    at(5000);
    await find("a", "b");
    expect(asked).toHaveLength(4);
  });

  test("can be that there is none; that nobody knows is not remembered", async () => {
    const none = counted(async () => null);
    await none.find("a", "b");
    await none.find("a", "b");
    expect(none.asked).toHaveLength(1);
    const down = counted(() => Promise.reject(new Error("down")));
    for (let n = 0; n < 2; n++) await expect(down.find("a", "b")).rejects.toThrow("down");
    expect(down.asked).toHaveLength(2);
  });

  test("is one of a thousand at most, the oldest forgotten first", async () => {
    const { asked, find } = counted(async () => null);
    for (let n = 0; n < 1000; n++) await find("pool", String(n));
    await find("pool", "0");
    expect(asked).toHaveLength(1000);
    await find("pool", "new");
    await find("pool", "1");
    await find("pool", "0");
    expect(asked.slice(1000)).toEqual(["pool/new", "pool/0"]);
  });
});
