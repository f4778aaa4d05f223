import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { accessTokens, type Pool, poolFromSettings, remembering, type TokenClaims } from "./token.ts";

const pair = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const [key, other, foreign] = [pair(), pair(), pair()];
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwkOf = (publicKey: KeyObject, kid: string) => ({
  ...publicKey.export({ format: "jwk" }),
  kid,
  alg: "RS256",
  use: "sig",
});

let server: Server;
let pool: Pool;
let fetches = 0;
let status = 200;

beforeAll(async () => {
  const keys = [
    jwkOf(key.publicKey, "one"),
    jwkOf(other.publicKey, "two"),
    { ...jwkOf(key.publicKey, "plain"), alg: undefined },
    { ...jwkOf(key.publicKey, "rs384"), alg: "RS384" },
    { ...jwkOf(key.publicKey, "enc"), use: "enc" },
    { ...jwkOf(curve.publicKey, "curve"), alg: undefined },
  ];
  server = createServer((request, response) => {
    fetches++;
    const location = request.url === "/elsewhere" ? {} : { location: "/elsewhere" };
    response.writeHead(request.url === "/elsewhere" ? 200 : status, location).end(JSON.stringify({ keys }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  pool = {
    issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool",
    jwksUri: `http://127.0.0.1:${port}/us-east-1_Pool/.well-known/jwks.json`,
    clientId: "client",
  };
});
afterAll(() => void server.close());
beforeEach(() => {
  fetches = 0;
  status = 200;
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({
  sub: "user",
  iss: pool.issuer,
  client_id: "client",
  token_use: "access",
  iat: now(),
  exp: now() + 60,
  org_id: "org_platform",
  permissions: "tenants:read",
  email: "a@b.example",
  perm_epoch: "1.2",
  origin_jti: "session",
  auth_time: 7,
});

const unsigned = (change: object = {}, header: object = {}) =>
  `${encode({ alg: "RS256", kid: "one", typ: "JWT", ...header })}.${encode({ ...claims(), ...change })}`;
const signed = (change: object = {}, header: object = {}, by = key.privateKey, algorithm = "sha256") => {
  const text = unsigned(change, header);
  return `${text}.${sign(algorithm, Buffer.from(text), by).toString("base64url")}`;
};

describe("an access token", () => {
  test("that is ours is accepted, with its claims; its keys are fetched once", async () => {
    const verify = accessTokens(pool);
    const expected = { sub: "user", email: "a@b.example", org_id: "org_platform", permissions: "tenants:read" };
    expect(await verify(signed())).toMatchObject({ perm_epoch: "1.2", sid: "session", auth_time: 7 });
    expect(await verify(signed())).toMatchObject(expected);
    expect(await verify(signed({}, { kid: "two" }, other.privateKey))).toMatchObject(expected);
    expect(fetches).toBe(1);
  });

  test("without enrichment has no organisation and no permissions", async () => {
    const bare = { org_id: undefined, permissions: undefined, email: undefined, auth_time: "7", origin_jti: undefined };
    expect(await accessTokens(pool)(signed(bare))).toMatchObject({
      org_id: "",
      permissions: "",
      email: "",
      sid: "",
      auth_time: 0,
    });
  });

  const withHmac = () => {
    const text = unsigned({}, { alg: "HS256" });
    const pem = key.publicKey.export({ format: "pem", type: "spki" });
    return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  };
  const doubled = () => {
    const body = JSON.stringify(claims()).replace("{", '{"sub":"first",');
    const text = `${encode({ alg: "RS256", kid: "one" })}.${Buffer.from(body).toString("base64url")}`;
    return `${text}.${sign("sha256", Buffer.from(text), key.privateKey).toString("base64url")}`;
  };

  const signedText = (header: () => string, body = JSON.stringify(claims())) => {
    const text = `${Buffer.from(header()).toString("base64url")}.${Buffer.from(body).toString("base64url")}`;
    return `${text}.${sign("sha256", Buffer.from(text), key.privateKey).toString("base64url")}`;
  };
  const plainHeader = () => JSON.stringify({ alg: "RS256", kid: "one" });
  /** Signed as it stands, though nobody encodes like that. */
  const respelled = () => {
    for (let filler = ""; ; filler += "f") {
      const body = Buffer.from(JSON.stringify({ ...claims(), filler })).toString("base64url");
      if (body.length % 4 !== 2) continue;
      const last = { A: "B", Q: "R", g: "h", w: "x" }[body.slice(-1)] ?? "";
      const text = `${Buffer.from(plainHeader()).toString("base64url")}.${body.slice(0, -1)}${last}`;
      return `${text}.${sign("sha256", Buffer.from(text), key.privateKey).toString("base64url")}`;
    }
  };

  test("made by hand is as good as any, also one that lives for a day or was made a minute ahead of us", async () => {
    const verify = accessTokens(pool);
    expect(await verify(signedText(plainHeader))).toMatchObject({ sub: "user" });
    const aDay = { exp: now() + 24 * 3600 + 60, iat: now() + 60 };
    expect(await verify(signed(aDay))).toMatchObject({ exp: aDay.exp, iss: pool.issuer, client_id: "client" });
    expect(await verify(signed({}, { kid: "plain" }))).toMatchObject({ sub: "user" });
  });

  test("is not judged by keys that an answer leads to", async () => {
    status = 302;
    await expect(accessTokens(pool)(signed())).rejects.toMatchObject({ name: "KeysUnavailable" });
  });

  test("of this deployment is one of the pool and client in its settings", () => {
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv("USER_POOL_ID", "eu-west-1_Pool");
    vi.stubEnv("USER_POOL_CLIENT_ID", "own");
    for (const [endpoint, root] of [
      ["", "https://cognito-idp.eu-west-1.amazonaws.com"],
      ["http://127.0.0.1:4566", "http://127.0.0.1:4566"],
    ] as const) {
      vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
      expect(poolFromSettings()).toEqual({
        issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool",
        jwksUri: `${root}/eu-west-1_Pool/.well-known/jwks.json`,
        clientId: "own",
      });
    }
    vi.unstubAllEnvs();
  });

  test.for<[why: string, token: () => string]>([
    ["of another pool", () => signed({ iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other" })],
    ["of an issuer that looks alike", () => signed({ iss: `${pool.issuer}/` })],
    ["of an issuer that begins alike", () => signed({ iss: `${pool.issuer}.evil.example` })],
    ["of another client", () => signed({ client_id: "other" })],
    ["of no client", () => signed({ client_id: undefined, aud: "client" })],
    ["that is an id token", () => signed({ token_use: "id", aud: "client" })],
    ["without a use", () => signed({ token_use: undefined })],
    ["expired", () => signed({ exp: now() - 1 })],
    ["without expiry", () => signed({ exp: undefined })],
    ["whose expiry is text", () => signed({ exp: String(now() + 60) })],
    ["not valid yet", () => signed({ nbf: now() + 60 })],
    ["signed by another key", () => signed({}, {}, foreign.privateKey)],
    ["signed by the pool's other key", () => signed({}, {}, other.privateKey)],
    ["with a key id unknown", () => signed({}, { kid: "three" })],
    ["without a key id", () => signed({}, { kid: undefined })],
    ["with alg none", () => `${unsigned({}, { alg: "none" })}.`],
    ["with HS256 by the public key", withHmac],
    ["with RS512", () => signed({}, { alg: "RS512" }, key.privateKey, "sha512")],
    ["with RS512 by a key of no algorithm", () => signed({}, { alg: "RS512", kid: "plain" }, key.privateKey, "sha512")],
    ["that names another algorithm than it is signed with", () => signed({}, { alg: "RS512" })],
    ["by a key that is for another algorithm", () => signed({}, { kid: "rs384" })],
    ["by a key that is for encryption", () => signed({}, { kid: "enc" })],
    ["by a key of another kind", () => signed({}, { kid: "curve" }, curve.privateKey)],
    ["with what is critical", () => signed({}, { crit: ["urn:example:level"] })],
    ["that lives for two days", () => signed({ exp: now() + 2 * 24 * 3600 })],
    ["made in an hour", () => signed({ iat: now() + 3600 })],
    ["whose claims are spelled with a spare bit", () => respelled()],
    [
      "with its algorithm twice",
      () => signedText(() => `{"alg":"none",${JSON.stringify({ alg: "RS256", kid: "one" }).slice(1)}`),
    ],
    ["truncated", () => signed().slice(0, -8)],
    ["with a segment more", () => `${signed()}.x`],
    ["with a payload of another", () => signed().replace(/\..*\./, `.${encode({ ...claims(), sub: "root" })}.`)],
    ["with a claim twice", doubled],
    ["with permissions that are a list", () => signed({ permissions: ["tenants:read"] })],
    ["with an organisation that is an object", () => signed({ org_id: { toString: "org_platform" } })],
    ["of nobody", () => signed({ sub: "" })],
    ["of two segments", () => signed().slice(0, signed().lastIndexOf("."))],
    ["with something behind it", () => `${signed()} x`],
    ["with padding", () => `${signed()}==`],
    ["with another token behind it", () => `${signed()}, Bearer ${signed()}`],
    ["that is none", () => "a.b.c"],
    ["that is empty", () => ""],
  ])("%s is refused", async ([, token]) => {
    const refused = accessTokens(pool)(token());
    await expect(refused).rejects.toThrow(Error);
    await expect(refused).rejects.not.toMatchObject({ name: "KeysUnavailable" });
  });

  test("with an unknown key id does not make us fetch keys without end", async () => {
    const verify = accessTokens(pool);
    for (let n = 0; n < 5; n++) await expect(verify(signed({}, { kid: `k${n}` }))).rejects.toThrow(/JWK/);
    expect(fetches).toBe(1);
  });

  test("is not judged while the keys cannot be had, and is when they can", async () => {
    const verify = accessTokens(pool);
    status = 503;
    await expect(verify(signed())).rejects.toMatchObject({ name: "KeysUnavailable" });
    status = 200;
    expect(await verify(signed())).toMatchObject({ sub: "user" });
  });
});

describe("remembered tokens", () => {
  const claimsUntil = (exp: number): TokenClaims => ({
    iss: "",
    client_id: "",
    sub: "u",
    email: "",
    org_id: "",
    permissions: "",
    perm_epoch: "",
    sid: "",
    auth_time: 0,
    exp,
  });

  test("are verified once until they expire", async () => {
    let [verified, time] = [0, 1_000_000];
    const verify = remembering(
      async () => (verified++, claimsUntil(1010)),
      () => time,
    );
    for (let n = 0; n < 3; n++) await verify("token");
    expect(verified).toBe(1);
    time = 1_010_000;
    await verify("token");
    expect(verified).toBe(2);
  });

  test("are not those that were refused", async () => {
    let verified = 0;
    const verify = remembering(async () => {
      verified++;
      throw new Error("no");
    });
    for (let n = 0; n < 3; n++) await expect(verify("token")).rejects.toThrow("no");
    expect(verified).toBe(3);
  });

  test("are told apart from tokens that end alike", async () => {
    const end = "e".repeat(100);
    const verified: string[] = [];
    const verify = remembering(
      async (token) => (verified.push(token), claimsUntil(2 ** 40)),
      () => 0,
    );
    for (const token of [`a${end}`, `b${end}`, `b${end}`, end]) await verify(token);
    expect(verified).toEqual([`a${end}`, `b${end}`, end]);
  });

  test("are at most a thousand, the least recently used forgotten first", async () => {
    const verified: string[] = [];
    const verify = remembering(
      async (token) => (verified.push(token), claimsUntil(2 ** 40)),
      () => 0,
    );
    for (let n = 0; n < 1000; n++) await verify(`t${n}`);
    await verify("t0");
    expect(verified).toHaveLength(1000);
    await verify("new");
    verified.length = 0;
    await verify("t0");
    await verify("t1");
    expect(verified).toEqual(["t1"]);
  });
});
