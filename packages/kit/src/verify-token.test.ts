import { createHmac, KeyObject, sign as signBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KeysUnavailable, TokenRefused, tokenVerifier } from "./verify-token.ts";

// A pool of one key whose JWKS stands on a server of the test's own.

const userPoolId = "us-east-1_TestPool1";
const clientId = "client";
const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
const tenantId = "ten_01JD0000000000000000000000";
let pair: Awaited<ReturnType<typeof generateKeyPair>>;
let server: Server;
let endpoint: string;
let verify: ReturnType<typeof tokenVerifier>;

beforeAll(async () => {
  pair = await generateKeyPair("RS256", { extractable: true });
  const bare = { ...(await exportJWK(pair.publicKey)), use: "sig" };
  // The second does not say what it is for: only we do.
  const keys = [
    { ...bare, kid: "one", alg: "RS256" },
    { ...bare, kid: "plain" },
  ];
  server = createServer(({ url }, response) => {
    response.writeHead(url === `/${userPoolId}/.well-known/jwks.json` ? 200 : 404);
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  verify = tokenVerifier({ userPools: [{ userPoolId, clientId }], endpoint });
});
afterAll(() => server.close());

const good = {
  sub: "user",
  email: "a@example.com",
  org_id: tenantId,
  roles: "tenant-owner",
  permissions: "usage:read storage:credentials",
  token_use: "access",
  client_id: clientId,
};

const sign = (
  claims: Record<string, unknown> = {},
  options: { iss?: string; exp?: string | null; kid?: string; header?: JWTHeaderParameters } = {},
) => {
  const token = new SignJWT({ ...good, ...claims })
    .setProtectedHeader(options.header ?? { alg: "RS256", kid: options.kid ?? "one" })
    .setIssuer(options.iss ?? issuer);
  return (options.exp === null ? token : token.setExpirationTime(options.exp ?? "5m")).sign(pair.privateKey);
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const claims = () => ({ ...good, iss: issuer, exp: Math.floor(Date.now() / 1000) + 300 });

/** A token of this very text. */
const written = (json: string, header: object = { alg: "RS256", kid: "one" }, hash = "sha256"): string => {
  const input = `${encode(header)}.${Buffer.from(json).toString("base64url")}`;
  return `${input}.${signBytes(hash, Buffer.from(input), KeyObject.from(pair.privateKey)).toString("base64url")}`;
};
/** Libraries refuse to sign these two. */
const byHand = async (header: object, hash: string) => written(JSON.stringify(claims()), header, hash);
/** The same bytes: the last character of 342 has four bits too many. */
const spelledOtherwise = (token: string): string =>
  `${token.slice(0, -1)}${{ A: "B", Q: "R", g: "h", w: "x" }[token.slice(-1)]}`;
const extended = () =>
  byHand({ alg: "RS256", kid: "one", crit: ["urn:example:level"], "urn:example:level": 1 }, "sha256");
const rs384 = () => byHand({ alg: "RS384", kid: "plain" }, "sha384");

test("a token that is made by hand is as good as any", async () => {
  for (const kid of ["one", "plain"])
    expect(await verify(await byHand({ alg: "RS256", kid }, "sha256"))).toMatchObject({ userId: "user" });
});

test("a token without roles, permissions and mail has none", async () => {
  const caller = await verify(await sign({ roles: undefined, permissions: "", email: undefined }));
  expect(caller).toMatchObject({ roles: [], email: "" });
  expect(caller.permissions.size).toBe(0);
});

test("errors say by their name which of the two they are", () =>
  expect([new TokenRefused("x").name, new KeysUnavailable("x").name]).toEqual(["TokenRefused", "KeysUnavailable"]));

test("keys are taken from where they are and from nowhere else that an answer leads to", async () => {
  const led = createServer((_, response) => {
    response.writeHead(302, { location: `${endpoint}/${userPoolId}/.well-known/jwks.json` }).end();
  });
  await new Promise<void>((resolve) => led.listen(0, "127.0.0.1", resolve));
  try {
    const elsewhere = `http://127.0.0.1:${(led.address() as AddressInfo).port}`;
    const astray = tokenVerifier({ userPools: [{ userPoolId, clientId }], endpoint: elsewhere });
    await expect(astray(await sign())).rejects.toThrow(KeysUnavailable);
  } finally {
    led.close();
  }
});

test("a token of the pool names its bearer", async () => {
  const caller = await verify(await sign());
  expect(caller).toMatchObject({ tenantId, userId: "user", email: "a@example.com", roles: ["tenant-owner"] });
  expect([...caller.permissions]).toEqual(["usage:read", "storage:credentials"]);
  expect(caller.expiresAt.getTime()).toBeGreaterThan(Date.now());
});

test.each([
  ["another issuer", () => sign({}, { iss: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other" })],
  ["a look-alike issuer", () => sign({}, { iss: `${issuer}/` })],
  ["another client", () => sign({ client_id: "other" })],
  ["an id token", () => sign({ token_use: "id" })],
  ["an expired one", () => sign({}, { exp: "-1s" })],
  ["one that never expires", () => sign({}, { exp: null })],
  ["one that lives for two days", () => sign({}, { exp: "2d" })],
  ["one that is made in an hour", () => sign({ iat: Math.floor(Date.now() / 1000) + 3600 })],
  ["one that says something twice", () => written(JSON.stringify(claims()).replace("{", '{"sub":"other",'))],
  ["one spelled with a spare bit", async () => spelledOtherwise(await sign())],
  ["one not valid yet", () => sign({ nbf: Math.floor(Date.now() / 1000) + 60 })],
  ["one whose header has extensions", () => extended()],
  ["RS384 by a key of no algorithm", () => rs384()],
  ["one without a bearer", () => sign({ sub: "" })],
  ["one without a bearer's claim", () => sign({ sub: undefined })],
  ["a mail that is a list", () => sign({ email: ["a@example.com"] })],
  ["an unknown key id", () => sign({}, { kid: "two" })],
  ["one without an organisation", () => sign({ org_id: "" })],
  ["roles that are no text", () => sign({ roles: ["tenant-owner"] })],
  ["a broken signature", async () => `${(await sign()).slice(0, -6)}AAAAAA`],
  ["one cut off", async () => (await sign()).slice(0, -40)],
  ["no signature at all", async () => `${encode({ alg: "none", kid: "one" })}.${encode({ ...good, iss: issuer })}.`],
  [
    "HS256 with the public key",
    async () => {
      const input = `${encode({ alg: "HS256", kid: "one" })}.${encode({ ...good, iss: issuer, exp: 4_000_000_000 })}`;
      return `${input}.${createHmac("sha256", await exportSPKI(pair.publicKey))
        .update(input)
        .digest("base64url")}`;
    },
  ],
  ["no token", async () => "token"],
])("%s is refused", async (_, token) => {
  const bad = await token();
  const refusal = await verify(bad).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(TokenRefused);
  expect((refusal as Error).message).not.toContain(bad);
});

test("keys that cannot be had say nothing about the token", async () => {
  const lost = tokenVerifier({ userPools: [{ userPoolId, clientId }], endpoint: `${endpoint}/elsewhere` });
  await expect(lost(await sign())).rejects.toThrow(KeysUnavailable);
});
