import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cachedIssuers, type FindIssuer } from "./issuer-reader.ts";
import { tenantTokens } from "./tenant-tokens.ts";
import type { Pool } from "./token.ts";

const keys = { "us-east-1_Shared": pair(), "us-east-1_Own": pair(), "us-east-1_Alien": pair() };
function pair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}
type PoolId = keyof typeof keys;

let server: Server;
let shared: Pool;
const fetched: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const id = request.url?.split("/")[1] ?? "";
    fetched.push(id);
    const jwk = { ...keys[id as PoolId].publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" };
    response.end(JSON.stringify({ keys: [jwk] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const root = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  shared = {
    issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Shared",
    jwksUri: `${root}/us-east-1_Shared/.well-known/jwks.json`,
    clientId: "platform",
  };
});
afterAll(() => void server.close());

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (pool: PoolId, claims: object, by: PoolId = pool) => {
  const now = Math.floor(Date.now() / 1000);
  const body = {
    sub: "u",
    iss: shared.issuer.replace("us-east-1_Shared", pool),
    token_use: "access",
    iat: now,
    exp: now + 60,
  };
  const text = `${encode({ alg: "RS256", kid: "one" })}.${encode({ ...body, ...claims })}`;
  return `${text}.${sign("sha256", Buffer.from(text), keys[by].privateKey).toString("base64url")}`;
};

const registered = new Map<string, string>();
let asked = 0;
const find: FindIssuer = async (pool, client) => {
  asked += 1;
  const tenant_id = registered.get(`${pool} ${client}`);
  return tenant_id === undefined ? null : { tenant_id };
};
beforeEach(() => {
  asked = 0;
  fetched.length = 0;
  registered.clear();
  registered.set("us-east-1_Own own", "ten_A").set("us-east-1_Shared bridge", "ten_B");
});

describe("a token", () => {
  test("of the platform's own client needs no look-up", async () => {
    const verify = tenantTokens(shared, find);
    const bearer = token("us-east-1_Shared", { client_id: "platform", org_id: "org_platform" });
    expect(await verify(bearer)).toMatchObject({ sub: "u", org_id: "org_platform" });
    expect(asked).toBe(0);
  });

  test.for([
    ["us-east-1_Own", "own", "ten_A"],
    ["us-east-1_Shared", "bridge", "ten_B"],
  ] as const)(
    "of a client registered in %s speaks for its tenant, while it is registered",
    async ([pool, client, org]) => {
      const verify = tenantTokens(shared, find);
      const mine = token(pool, { client_id: client, org_id: org });
      expect(await verify(mine)).toMatchObject({ org_id: org });
      expect(await verify(token(pool, { client_id: client }))).toMatchObject({ org_id: "" });
      for (const other of ["org_platform", "ten_C"])
        await expect(verify(token(pool, { client_id: client, org_id: other }))).rejects.toThrow(/another organisation/);
      registered.clear();
      await expect(verify(mine)).rejects.toThrow(/not registered/);
    },
  );

  test("of the client for impersonation acts for a user, and no other token does", async () => {
    registered.set("us-east-1_Shared acting", "impersonation").set("us-east-1_Own acting", "impersonation");
    const verify = tenantTokens(shared, find);
    const ends_at = "2026-11-20T12:20:00.000Z";
    const claims = {
      org_id: "ten_A",
      impersonation: "imp_1",
      on_behalf_of: "v",
      impersonation_reason: "ticket",
      impersonation_ends_at: ends_at,
    };
    const acting = token("us-east-1_Shared", { ...claims, client_id: "acting" });
    expect(await verify(acting)).toMatchObject({
      sub: "u",
      org_id: "ten_A",
      impersonation: { id: "imp_1", by: "u", user_id: "v", reason: "ticket", ends_at },
    });
    const bare = token("us-east-1_Shared", { org_id: "ten_A", client_id: "acting" });
    await expect(verify(bare)).rejects.toThrow(/acts for nobody/);
    await expect(verify(token("us-east-1_Own", { ...claims, client_id: "acting" }))).rejects.toThrow(/another pool/);
    for (const [pool, client_id] of [
      ["us-east-1_Shared", "platform"],
      ["us-east-1_Shared", "bridge"],
      ["us-east-1_Own", "own"],
    ] as const)
      await expect(verify(token(pool, { ...claims, client_id }))).rejects.toThrow(/not the one for impersonation/);
  });

  test.for<[why: string, token: () => string]>([
    ["of a pool that nobody registered", () => token("us-east-1_Alien", { client_id: "own", org_id: "ten_A" })],
    ["of a client that nobody registered", () => token("us-east-1_Own", { client_id: "other", org_id: "ten_A" })],
    ["of a client of the other pool", () => token("us-east-1_Own", { client_id: "platform", org_id: "ten_A" })],
    ["of a registered pool, signed by another", () => token("us-east-1_Own", { client_id: "own" }, "us-east-1_Alien")],
    [
      "of an issuer that looks alike",
      () =>
        token("us-east-1_Own", {
          iss: "https://cognito-idp.us-east-1.amazonaws.com.evil.example/us-east-1_Own",
          client_id: "own",
        }),
    ],
    [
      "of an issuer with a path",
      () =>
        token("us-east-1_Own", {
          iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Own/..",
          client_id: "own",
        }),
    ],
    [
      "of another region",
      () =>
        token("us-east-1_Own", { iss: "https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_Own", client_id: "own" }),
    ],
    ["of no issuer", () => token("us-east-1_Own", { iss: undefined, client_id: "own" })],
    ["of a client that is a list", () => token("us-east-1_Own", { client_id: ["own"] })],
    ["whose client is a key's separator", () => token("us-east-1_Own", { client_id: "own#x" })],
    ["that is an id token", () => token("us-east-1_Own", { client_id: "own", token_use: "id" })],
    ["that is none", () => "a.b.c"],
    ["that is null", () => `${encode({})}.${encode(null)}.x`],
  ])("%s is refused, and asks nothing of a stranger's server", async ([, bearer]) => {
    await expect(tenantTokens(shared, find)(bearer())).rejects.toThrow(Error);
    expect(fetched.filter((pool) => pool !== "us-east-1_Own")).toEqual([]);
  });

  const own = (change: object) => token("us-east-1_Own", { client_id: "own", ...change });
  const inPool = (pool: string) => own({ iss: `https://cognito-idp.us-east-1.amazonaws.com/${pool}` });
  test.for<[why: string, says: RegExp, token: () => string]>([
    ["without an issuer", /names no issuer/, () => own({ iss: undefined })],
    ["whose issuer is a list", /iss claim is not a string/, () => own({ iss: [shared.issuer] })],
    ["without a client", /names no issuer/, () => own({ client_id: undefined })],
    ["whose client is a number", /names no issuer/, () => own({ client_id: 7 })],
    ["of no host of ours", /issuer is not ours/, () => own({ iss: "https://evil.example/us-east-1_Own" })],
    ["of another region", /issuer is not ours/, () => inPool("eu-west-1_Own")],
    ["of a pool of three parts", /issuer is not ours/, () => inPool("us-east-1_Own_Own")],
    ["of a pool without a name", /issuer is not ours/, () => inPool("us-east-1_")],
    ["of a region alone", /issuer is not ours/, () => inPool("us-east-1")],
    ["of no pool", /issuer is not ours/, () => inPool("")],
    ["of a pool that begins oddly", /issuer is not ours/, () => inPool("us-east-1_/Own")],
    ["of a pool that ends oddly", /issuer is not ours/, () => inPool("us-east-1_Own/")],
    ["of a pool of 56 letters", /issuer is not ours/, () => inPool(`us-east-1_${"a".repeat(56)}`)],
    ["of a client that begins oddly", /client is not ours/, () => own({ client_id: "#own" })],
    ["of a client that ends oddly", /client is not ours/, () => own({ client_id: "own#" })],
    ["of a client without a name", /client is not ours/, () => own({ client_id: "" })],
    ["of a client of 129 letters", /client is not ours/, () => own({ client_id: "a".repeat(129) })],
  ])("%s is refused before anybody is asked", async ([, says, bearer]) => {
    await expect(tenantTokens(shared, find)(bearer())).rejects.toThrow(says);
    expect([asked, fetched]).toEqual([0, []]);
  });

  test("is judged by its own pool and client, whoever's came before", async () => {
    const verify = tenantTokens(shared, find);
    const tokens = [
      token("us-east-1_Shared", { client_id: "platform", org_id: "org_platform" }),
      token("us-east-1_Own", { client_id: "own", org_id: "ten_A" }),
      token("us-east-1_Shared", { client_id: "bridge", org_id: "ten_B" }),
    ];
    for (const each of [...tokens, ...tokens.toReversed()]) {
      const claims = JSON.parse(Buffer.from(each.split(".")[1] ?? "", "base64url").toString()) as Record<
        string,
        string
      >;
      const { iss, client_id, org_id } = claims;
      expect(await verify(each)).toMatchObject({ iss, client_id, org_id });
    }
    expect(fetched.toSorted()).toEqual(["us-east-1_Own", "us-east-1_Shared"]);
  });

  test("is not judged while issuers cannot be read", async () => {
    const verify = tenantTokens(shared, () => Promise.reject(new Error("throttled")));
    await expect(verify(token("us-east-1_Own", { client_id: "own" }))).rejects.toMatchObject({
      name: "KeysUnavailable",
    });
  });
});

test("an answer about an issuer is remembered for its time, a failure not at all", async () => {
  let time = 0;
  let fail = true;
  const kept = cachedIssuers(
    (pool, client) => (fail ? Promise.reject(new Error("throttled")) : find(pool, client)),
    5000,
    () => time,
  );
  await expect(kept("us-east-1_Own", "own")).rejects.toThrow("throttled");
  fail = false;
  for (time of [0, 4999]) expect(await kept("us-east-1_Own", "own")).toEqual({ tenant_id: "ten_A" });
  expect(asked).toBe(1);
  registered.clear();
  time = 5000;
  expect(await kept("us-east-1_Own", "own")).toBeNull();
});
