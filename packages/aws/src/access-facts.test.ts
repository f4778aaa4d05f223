import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { platformOrg } from "@tenantry/core/access/policy";
import { type AccessFacts, accessFacts, type Bearing } from "./access-facts.ts";
import { accessGate } from "./access-gate.ts";
import { dynamoChoices, dynamoSessions } from "./sessions.ts";
import { keys } from "./control-table.ts";
import { newId } from "./new-id.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { stubSettings } from "./testing/stub-settings.ts";
import type { TokenClaims } from "./token.ts";
import { type TableFetch, tableFetch, TableRefusal } from "./table-fetch.ts";

let engine: Engine;
let facts: AccessFacts;
const table = "control";

beforeAll(async () => {
  engine = await startDynamo();
  await createControlTable(engine.documents, table);
  stubSettings(engine, table);
  facts = accessFacts(tableFetch(), table);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine.stop();
});

const now = Date.parse("2026-11-20T12:00:00.000Z");
const origin = { sourceIp: "203.0.113.7", userAgent: "test" };
let user = 0;
let bearing: Omit<Bearing, "impersonation">;
beforeEach(() => {
  bearing = { sub: `user-${user++}`, org_id: "ten_A", sid: "session", auth_time: now / 1000 - 10 };
});

const put = (item: object) => engine.documents.send(new PutCommand({ TableName: table, Item: item }));
const member = (change: object = {}) =>
  put({ ...keys.membership(bearing.sub, "ten_A"), entity: "membership", epoch: 4, status: "active", ...change });
const tenant = (change: object = {}) => put({ ...keys.tenant("ten_A"), status: "active", access_epoch: 2, ...change });
const commit = () => ({
  audit: {
    id: newId("audit"),
    at: new Date(now).toISOString(),
    actor: "u",
    action: "session.end",
    tenant_id: "ten_A",
    request_id: "r",
    source_ip: null,
    before: null,
    after: null,
  },
  events: [],
});

/** An impersonation by the bearer, as its start writes it. */
const begun = async (tenant_id: string) => {
  const impersonation = {
    id: newId("impersonation"),
    tenant_id,
    user_id: "v",
    impersonator: { id: bearing.sub, email: null },
    reason: "ticket",
    started_at: "2026-11-20T12:00:00.000Z",
    ends_at: "2026-11-20T12:20:00.000Z",
    ended_at: null,
  };
  const { id } = impersonation;
  await put({ ...keys.impersonation(id), entity: "impersonation", ...impersonation });
  return impersonation;
};

describe("what the registry knows", () => {
  test("of somebody it never heard of is nothing", async () => {
    expect(await facts.read({ ...bearing, org_id: "ten_unknown" })).toEqual({
      session: null,
      signedOutAt: null,
      membership: null,
      tenant: null,
    });
  });

  test("is a member's status and epoch, and the tenant's; both are as of before there were any where they are absent", async () => {
    await member();
    await tenant();
    expect(await facts.read(bearing)).toMatchObject({
      membership: { status: "active", epoch: 4 },
      tenant: { status: "active", epoch: 2 },
    });
    await member({ epoch: undefined, status: undefined });
    await tenant({ access_epoch: undefined });
    expect(await facts.read(bearing)).toMatchObject({
      membership: { status: "active", epoch: 0 },
      tenant: { status: "active", epoch: 0 },
    });
    await member({ status: "made-up" });
    expect(await facts.read(bearing)).toMatchObject({ membership: { status: "disabled" } });
  });

  test("is the key that the tenant's requests are counted under, where onboarding made one", async () => {
    await member();
    await tenant({ resources: { identity: { owner_email: "o@a.example", usage_key_id: "k1" } } });
    expect(await facts.read(bearing)).toMatchObject({ usageKey: "tenA" });
    await tenant({ resources: { identity: { owner_email: "o@a.example" } } });
    expect(await facts.read(bearing)).not.toHaveProperty("usageKey");
  });

  test("is for whom a session acts, why and until when", async () => {
    const impersonation = {
      id: "imp_1",
      by: bearing.sub,
      user_id: "v",
      reason: "ticket",
      ends_at: "2026-11-20T12:20:00.000Z",
    };
    await facts.note({ ...bearing, impersonation }, origin, now, now - 60_000);
    const { sessions } = await dynamoSessions(engine.documents, table).of(bearing.sub);
    expect(sessions).toMatchObject([
      {
        id: "session",
        impersonation: {
          impersonation_id: "imp_1",
          user_id: "v",
          reason: "ticket",
          ends_at: "2026-11-20T12:20:00.000Z",
        },
      },
    ]);
  });

  test("is a session from its first request on, which the user sees, until it is ended", async () => {
    const sessions = dynamoSessions(engine.documents, table);
    await facts.note(bearing, origin, now, now - 60_000);
    expect((await facts.read(bearing)).session).toEqual({ lastSeenAt: "2026-11-20T12:00:00.000Z", ended: false });
    expect((await sessions.of(bearing.sub)).sessions).toEqual([
      {
        id: "session",
        org_id: "ten_A",
        started_at: "2026-11-20T11:59:50.000Z",
        last_seen_at: "2026-11-20T12:00:00.000Z",
        source_ip: "203.0.113.7",
        user_agent: "test",
        impersonation: null,
      },
    ]);
    // Within the minute nothing is written, after it is.
    await facts.note(bearing, origin, now + 1000, now - 59_000);
    expect((await facts.read(bearing)).session?.lastSeenAt).toBe("2026-11-20T12:00:00.000Z");
    await facts.note(bearing, origin, now + 60_000, now);
    expect((await facts.read(bearing)).session?.lastSeenAt).toBe("2026-11-20T12:01:00.000Z");

    expect(await sessions.end(bearing.sub, "session", new Date(now).toISOString(), commit())).toBe(true);
    await facts.note(bearing, origin, now + 3_600_000, now + 3_540_000);
    expect((await facts.read(bearing)).session).toEqual({ lastSeenAt: "2026-11-20T12:01:00.000Z", ended: true });
    expect((await sessions.of(bearing.sub)).sessions).toEqual([]);
    for (const id of ["session", "unknown"])
      expect(await sessions.end(bearing.sub, id, new Date(now).toISOString(), commit())).toBe(false);
  });

  test("is the impersonation that a token names, as it was begun and as it was ended, and whose membership counts", async () => {
    const { id, ...impersonation } = await begun("ten_A");
    const acting = { ...bearing, impersonation: { id, by: bearing.sub, user_id: "v", reason: "ticket", ends_at: "" } };
    await put({ ...keys.membership("v", "ten_A"), entity: "membership", epoch: 9, status: "active" });
    expect(await facts.read(acting)).toMatchObject({
      impersonation: { by: bearing.sub, user_id: "v", tenant_id: "ten_A", endsAt: impersonation.ends_at, ended: false },
      membership: { epoch: 9 },
    });
    await put({ ...keys.impersonation(id), ...impersonation, ended_at: "2026-11-20T12:01:00.000Z" });
    expect(await facts.read(acting)).toMatchObject({ impersonation: { ended: true } });
    // One that says nothing of itself is nobody's.
    await put(keys.impersonation(id));
    const nothing = { by: "", user_id: "", tenant_id: "", endsAt: "", ended: false };
    expect(await facts.read(acting)).toMatchObject({ impersonation: nothing });
    const other = { ...acting.impersonation, id: newId("impersonation") };
    expect((await facts.read({ ...bearing, impersonation: other })).impersonation).toBeNull();
    expect(await facts.read(bearing)).not.toHaveProperty("impersonation");
  });

  test("is when the user signed out everywhere, the latest time of several", async () => {
    const sessions = dynamoSessions(engine.documents, table);
    await sessions.endAll(bearing.sub, "2026-11-20T12:00:00.900Z", commit());
    await sessions.endAll(bearing.sub, "2026-11-20T11:00:00.000Z", commit());
    expect((await facts.read(bearing)).signedOutAt).toBe(now / 1000);
    expect((await sessions.of(bearing.sub)).signedOutAt).toBe(now / 1000);
  });

  test("is whom a user chose to act for", async () => {
    const choices = dynamoChoices(engine.documents, table);
    expect(await choices.membershipOf(bearing.sub, "ten_A")).toBeNull();
    await choices.choose(bearing.sub, "ten_A", new Date(now).toISOString(), commit());
    await choices.choose(bearing.sub, "ten_B", new Date(now).toISOString(), commit());
  });
});

describe("what is asked of the registry", () => {
  /** Answers as it is told, and keeps what it was asked. */
  const recorder = (...answers: readonly unknown[]) => {
    const asked: [string, object][] = [];
    const call: TableFetch = async <Answer>(action: string, input: object) => {
      asked.push([action, input]);
      const answer = answers[asked.length - 1] ?? answers.at(-1);
      if (answer instanceof Error) throw answer;
      return answer as Answer;
    };
    return { asked, facts: accessFacts(call, "t") };
  };
  const itemOf = ({ pk, sk }: { pk: string; sk: string }, more: object = {}) => ({
    pk: { S: pk },
    sk: { S: sk },
    ...more,
  });
  const keysAsked = (asked: readonly [string, object][]) =>
    asked.map(([, input]) => (input as { RequestItems: { t: { Keys: object[] } } }).RequestItems.t.Keys);

  test.for([
    ["ten_A", 4],
    ["", 2],
    [platformOrg, 2],
  ] as const)("of whom acts for %j are %i items, read consistently", async ([org_id, count]) => {
    const { asked, facts: recorded } = recorder({ Responses: { t: [] } });
    await recorded.read({ ...bearing, org_id });
    const { sub, sid } = bearing;
    const wanted = [keys.session(sub, sid), keys.signOut(sub), keys.membership(sub, org_id), keys.tenant(org_id)];
    expect(keysAsked(asked)).toEqual([wanted.slice(0, count).map((key) => itemOf(key))]);
    expect(asked[0]).toMatchObject(["BatchGetItem", { RequestItems: { t: { ConsistentRead: true } } }]);
    const { t } = (asked[0]![1] as { RequestItems: { t: Record<string, unknown> } }).RequestItems;
    expect(t["ProjectionExpression"]).toContain("access_epoch");
    expect(t["ExpressionAttributeNames"]).toMatchObject({ "#status": "status", "#at": "at" });
  });

  test("again is what was left out, three times in all and with what came before", async () => {
    const left = [itemOf(keys.tenant("ten_A"))];
    const first = {
      Responses: { t: [itemOf(keys.signOut(bearing.sub), { at: { N: "7" } })] },
      UnprocessedKeys: { t: { Keys: left } },
    };
    const again = { UnprocessedKeys: { t: { Keys: left } } };
    const last = { Responses: { t: [itemOf(keys.tenant("ten_A"), { status: { S: "active" } })] } };
    const ends = recorder(first, again, last);
    expect(await ends.facts.read(bearing)).toEqual({
      session: null,
      signedOutAt: 7,
      membership: null,
      tenant: { status: "active", epoch: 0 },
    });
    expect(keysAsked(ends.asked).slice(1)).toEqual([left, left]);
    const never = recorder(first, again);
    await expect(never.facts.read(bearing)).rejects.toThrow("did not read all");
    expect(never.asked).toHaveLength(3);
  });

  test("is told apart by both parts of a key, in whatever order it comes", async () => {
    const other = keys.session(bearing.sub, "another");
    const mine = keys.session(bearing.sub, bearing.sid);
    const { facts: recorded } = recorder({
      Responses: {
        t: [
          itemOf(other, { last_seen_at: { S: "never" } }),
          itemOf({ pk: "else", sk: mine.sk }, { last_seen_at: { S: "never" } }),
          itemOf(mine),
        ],
      },
    });
    expect((await recorded.read(bearing)).session).toEqual({ lastSeenAt: "", ended: false });
  });

  test("and fails with it, unless a note was refused on its condition", async () => {
    const refusal = (code: string) => new TableRefusal("UpdateItem", 400, code);
    const note = (error: Error) => recorder(error).facts.note(bearing, origin, now, now);
    await expect(note(refusal("ThrottlingException"))).rejects.toThrow("Throttling");
    await expect(note(Object.assign(new Error("else"), { code: "ConditionalCheckFailedException" }))).rejects.toThrow(
      "else",
    );
    expect(await note(refusal("ConditionalCheckFailedException"))).toBeUndefined();
  });

  test("keeps a session for longer than any refresh token lives", async () => {
    const { asked, facts: recorded } = recorder({});
    await recorded.note(bearing, origin, now, now);
    expect(asked[0]).toMatchObject([
      "UpdateItem",
      { ExpressionAttributeValues: { ":expires": { N: String(bearing.auth_time + 45 * 24 * 3600) } } },
    ]);
  });
});

describe("the gate", () => {
  const claims = (): TokenClaims => ({
    ...bearing,
    iss: "",
    client_id: "",
    email: "",
    permissions: "usage:read",
    perm_epoch: "2.4",
    exp: now / 1000 + 60,
  });
  let time: number;
  let reads: number;
  const counted: AccessFacts = {
    read: (who) => (reads++, facts.read(who)),
    note: (...all) => facts.note(...all),
  };
  const gateOf = (known: TokenClaims, over: AccessFacts = counted) =>
    accessGate(async () => known, over, { keptMillis: 5000, now: () => time });
  beforeEach(async () => {
    [time, reads] = [now, 0];
    await member();
    await tenant();
  });

  test("tells what the request is counted under, in the answer it gave before", async () => {
    await tenant({ resources: { identity: { usage_key_id: "k1" } } });
    const gate = gateOf(claims());
    expect(await gate("t", origin)).toMatchObject({ usageKey: "tenA" });
    const first = reads;
    expect(await gate("t", origin)).toMatchObject({ usageKey: "tenA" });
    expect(reads).toBe(first);
    await tenant({ status: "suspended", resources: { identity: { usage_key_id: "k1" } } });
    time = now + 5001;
    expect(await gate("t", origin)).toMatchObject({ usageKey: "tenA", barred: "the organisation is suspended" });
  });

  test("tells of no such thing for a tenant that has none", async () => {
    expect(await gateOf(claims())("t", origin)).not.toHaveProperty("usageKey");
  });

  test("keeps its judgement of a token for five seconds and no longer", async () => {
    const gate = gateOf(claims());
    expect(await gate("t", origin)).toMatchObject({ sub: bearing.sub });
    const first = reads;
    await member({ epoch: 5 });
    time = now + 4999;
    expect(await gate("t", origin)).toMatchObject({ sub: bearing.sub });
    expect(reads).toBe(first);
    time = now + 5000;
    await expect(gate("t", origin)).rejects.toThrow("the roles have changed since");
  });

  test("tells a token that is of no use from a bearer who may not", async () => {
    await tenant({ status: "suspended" });
    expect(await gateOf(claims())("t", origin)).toMatchObject({ barred: "the organisation is suspended" });
    await expect(gateOf({ ...claims(), sid: "" })("t", origin)).rejects.toThrow("names no session");
  });

  test("notes a request at most once a minute, as one not noted since", async () => {
    const noted: number[][] = [];
    const watching: AccessFacts = {
      read: (who) => (reads++, facts.read(who)),
      note: (who, from, at, before) => (noted.push([at, before]), facts.note(who, from, at, before)),
    };
    await gateOf(claims(), watching)("t", origin);
    expect([noted, reads]).toEqual([[[now, now - 60_000]], 2]);
    time = now + 59_999;
    await gateOf(claims(), watching)("t", origin);
    expect([noted.length, reads]).toEqual([1, 3]);
    time = now + 60_000;
    await gateOf(claims(), watching)("t", origin);
    expect([noted.length, reads]).toEqual([2, 5]);
    await member({ status: "disabled" });
    await expect(gateOf(claims(), watching)("t", origin)).rejects.toThrow("no active member");
    expect([noted.length, reads]).toEqual([2, 6]);
  });

  test("does not say of whom it lets in that anything bars them", async () =>
    expect(await gateOf(claims())("t", origin)).not.toHaveProperty("barred"));

  test("hears of a session that is ended while its activity is noted", async () => {
    const sessions = dynamoSessions(engine.documents, table);
    await facts.note(bearing, origin, now - 70_000, now - 130_000);
    const late: AccessFacts = {
      read: (who) => facts.read(who),
      async note(...all) {
        await sessions.end(bearing.sub, "session", new Date(now).toISOString(), commit());
        await facts.note(...all);
      },
    };
    await expect(gateOf(claims(), late)("t", origin)).rejects.toThrow("the session was ended");
  });

  test("lets nobody in when the registry does not answer, and asks again the next time", async () => {
    let fails = true;
    const flaky: AccessFacts = {
      read: (who) => (fails ? Promise.reject(new Error("throttled")) : facts.read(who)),
      note: (...all) => facts.note(...all),
    };
    const gate = gateOf(claims(), flaky);
    await expect(gate("t", origin)).rejects.toMatchObject({ name: "KeysUnavailable" });
    fails = false;
    expect(await gate("t", origin)).toMatchObject({ sub: bearing.sub });
  });

  test("lets nobody in when only a part of the registry answers", async () => {
    const partial = accessFacts(
      async <Answer>() =>
        ({ Responses: { [table]: [] }, UnprocessedKeys: { [table]: { Keys: [{}] } } }) as unknown as Answer,
      table,
    );
    await expect(gateOf(claims(), partial)("t", origin)).rejects.toMatchObject({ name: "KeysUnavailable" });
  });
});
