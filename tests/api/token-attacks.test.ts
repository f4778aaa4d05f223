import { createPublicKey, generateKeyPairSync, type JsonWebKey, verify } from "node:crypto";
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { beforeAll, describe, expect, test } from "vitest";
import { operator, send, signIn } from "../support/api.ts";
import { forgery, type Forgery } from "../support/forge.ts";
import { acceptInvitation, aTenantWithOwner, refreshed, signInFully } from "../support/owners.ts";
import { poolKeys } from "../support/pool-keys.ts";
import { type RawAnswer, rawRequest } from "../support/raw-http.ts";
import { ready } from "../support/ready.ts";
import { attacks, neighbours } from "../support/token-attacks.ts";

// Every attack goes over HTTP to the deployed app. Most tokens are signed with the pool's own key, so that nothing but
// the check they are meant for can refuse them.

const run = Date.now().toString(36);
let forge: Forgery;
let mail: string;
let other: { readonly id: string; readonly email: string };

const partsOf = (token: string) =>
  token
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
const forgeryFrom = (token: string, pool = ready().user_pool_id): Forgery => {
  const [header = {}, claims = {}] = partsOf(token);
  const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return forgery({ header, claims, key: poolKeys(ready(), pool).access.privateKey, foreign });
};

beforeAll(async () => {
  const admin = await signIn(ready());
  const [mine, theirs] = await Promise.all(
    ["Attacked", "Beside"].map((name) => aTenantWithOwner(ready(), admin, `${name} ${run}`, "standard")),
  );
  if (mine === undefined || theirs === undefined) throw new Error("There are not two tenants.");
  await acceptInvitation(ready(), mine.email, ready().client_id);
  forge = forgeryFrom((await signInFully(ready(), mine.email)).access);
  other = theirs;
  mail = mine.email;
});

const ask = (...lines: string[]) => rawRequest(ready().api_url, "/api/users", lines);
const bearing = (token: string) => ask(`Authorization: Bearer ${token}`);

const isRefused = ({ status, body, head }: RawAnswer): boolean =>
  status === 401 &&
  body.type === "/problems/unauthenticated" &&
  body.detail === "A valid access token is needed." &&
  typeof body.request_id === "string" &&
  head.includes("content-type: application/problem+json");

/** Sends some at a time and returns, by name, those for whom `wanted` does not hold. */
const failing = async (
  list: readonly (readonly [why: string, lines: readonly string[]])[],
  wanted: (answer: RawAnswer) => boolean,
): Promise<string[]> => {
  const queue = list.values();
  const failed: string[] = [];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const [why, lines] of queue) {
        const answer = await ask(...lines);
        if (!wanted(answer)) failed.push(`${why}: ${answer.status} ${answer.text}`);
      }
    }),
  );
  return failed;
};

describe("tokens over HTTP", () => {
  test("the keys of the test are the pool's: what it signs the pool's published key verifies", async () => {
    const jwks = await fetch(`${ready().aws_endpoint_url}/${ready().user_pool_id}/.well-known/jwks.json`);
    const { keys } = (await jwks.json()) as { keys: (JsonWebKey & { kid: string })[] };
    const jwk = keys.find(({ kid }) => kid === forge.header["kid"]);
    const [head = "", body = "", mac = ""] = forge.token().split(".");
    const key = createPublicKey({ key: jwk ?? {}, format: "jwk" });
    expect(verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(mac, "base64url"))).toBe(true);
  });

  test("that are attacks are refused alike, and those beside them are accepted", async () => {
    const list = attacks(forge);
    const good = neighbours(forge);
    const lines = ([why, token]: readonly [string, string]) => [why, [`Authorization: Bearer ${token}`]] as const;
    expect(await failing(good.map(lines), ({ status }) => status === 200)).toEqual([]);
    expect(await failing(list.map(lines), isRefused)).toEqual([]);
    process.stdout.write(`${list.length} attacks by tokens, ${good.length} good tokens beside them\n`);
    expect(new Set(list.map(([why]) => why)).size).toBe(list.length);
    expect(list.length).toBeGreaterThan(150);
  });

  test("of a pool that nobody registered are refused, well signed and with all the right claims", async () => {
    const cognito = new CognitoIdentityProviderClient(operator(ready()));
    const { UserPool } = await cognito.send(new CreateUserPoolCommand({ PoolName: `attacker-${run}` }));
    const pool = UserPool?.Id ?? "";
    const { UserPoolClient } = await cognito.send(
      new CreateUserPoolClientCommand({ UserPoolId: pool, ClientName: "attacker" }),
    );
    // A pool makes its keys when somebody first asks for them.
    expect((await fetch(`${ready().aws_endpoint_url}/${pool}/.well-known/jwks.json`)).status).toBe(200);
    const { access } = poolKeys(ready(), pool);
    const iss = String(forge.claims["iss"]).replace(ready().user_pool_id, pool);
    const client_id = UserPoolClient?.ClientId;
    const by = (claims: object, kid = access.kid) => forge.token({ ...claims }, { kid }, access.privateKey);
    const list = [
      ["its own issuer and client", by({ iss, client_id })],
      ["its own issuer, our client", by({ iss })],
      ["our issuer, its client", by({ client_id })],
      ["our issuer and client, its key", by({})],
      ["our issuer and client, its key under our kid", by({}, String(forge.header["kid"]))],
      ["our client, its issuer and ours", by({ iss: [forge.claims["iss"], iss] })],
    ] as const;
    expect(
      await failing(
        list.map(([why, token]) => [why, [`Authorization: Bearer ${token}`]]),
        isRefused,
      ),
    ).toEqual([]);
  });

  test("that are the pool's other tokens are refused: an id token, a refresh token", async () => {
    const { AuthenticationResult } = await new CognitoIdentityProviderClient(operator(ready())).send(
      new InitiateAuthCommand({
        ClientId: ready().client_id,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: ready().admin.email, PASSWORD: ready().admin.password },
      }),
    );
    for (const token of [AuthenticationResult?.IdToken, AuthenticationResult?.RefreshToken]) {
      expect(token).toBeTruthy();
      expect(await bearing(token ?? "")).toSatisfy(isRefused);
    }
    // The key of id tokens is the pool's too: what it signs is judged by its claims.
    const { id } = poolKeys(ready(), ready().user_pool_id);
    expect((await bearing(forge.token({}, { kid: id.kid }, id.privateKey))).status).toBe(200);
    expect(await bearing(forge.token({ token_use: "id" }, { kid: id.kid }, id.privateKey))).toSatisfy(isRefused);
  });

  test("that speak for another tenant, well signed, are refused, and so is one's own on the other's things", async () => {
    expect(await bearing(forge.token({ org_id: other.id }))).toSatisfy(isRefused);
    const path = `/admin/tenants/${other.id}/usage?metric=api_calls&from=2026-01-01&to=2026-01-02&window=day`;
    const crossed = await rawRequest(ready().api_url, path, [`Authorization: Bearer ${forge.token()}`]);
    expect([crossed.status, crossed.body.type]).toEqual([404, "/problems/tenant-not-found"]);
  });

  test("of a session that was ended are refused, also those made after, until the next sign-in", async () => {
    const mine = await signInFully(ready(), mail);
    const ended = forgeryFrom(mine.access);
    expect((await bearing(ended.token())).status).toBe(200);
    const sid = String(ended.claims["origin_jti"]);
    expect((await send(ready(), "DELETE", `/api/sessions/${sid}`, { token: forge.token() })).status).toBe(200);
    expect(await bearing(ended.token())).toSatisfy(isRefused);
    expect(await bearing((await refreshed(ready(), mine)).access)).toSatisfy(isRefused);
    expect((await bearing(forge.token())).status).toBe(200);
  });
});

describe("the Authorization header over HTTP", () => {
  const good = () => forge.token();

  test("names its scheme in any case, and may have spaces around the token", async () => {
    const list = ["Bearer", "bearer", "BEARER", "bEaReR"].map(
      (scheme) => [scheme, [`Authorization: ${scheme} ${good()}`]] as const,
    );
    const spaced = [
      ["two spaces", [`Authorization: Bearer  ${good()}`]],
      ["around it", [`Authorization:   Bearer ${good()}  `]],
      ["in capitals", [`AUTHORIZATION: Bearer ${good()}`]],
    ] as const;
    expect(await failing([...list, ...spaced], ({ status }) => status === 200)).toEqual([]);
  });

  test("is refused where it is none, more than one, or holds something else besides", async () => {
    const twice = good();
    const list: [string, string[]][] = [
      ["no header", []],
      ["an empty header", ["Authorization:"]],
      ["a scheme alone", ["Authorization: Bearer"]],
      ["a token alone", [`Authorization: ${good()}`]],
      ["Basic", [`Authorization: Basic ${Buffer.from(`x:${good()}`).toString("base64")}`]],
      ["Basic with a token", [`Authorization: Basic ${good()}`]],
      ["DPoP", [`Authorization: DPoP ${good()}`]],
      ["Token", [`Authorization: Token ${good()}`]],
      ["JWT", [`Authorization: JWT ${good()}`]],
      ["a scheme that begins alike", [`Authorization: Bearers ${good()}`]],
      ["a scheme with a letter that looks alike", [`Authorization: Веarer ${good()}`]],
      ["a scheme with a colon", [`Authorization: Bearer: ${good()}`]],
      ["a scheme with =", [`Authorization: Bearer=${good()}`]],
      ["the scheme twice", [`Authorization: Bearer Bearer ${good()}`]],
      ["a tab between", [`Authorization: Bearer\t${good()}`]],
      ["no space between", [`Authorization: Bearer${good()}`]],
      ["a token and text", [`Authorization: Bearer ${good()} x`]],
      ["a token and a comma", [`Authorization: Bearer ${good()},`]],
      ["a token and a parameter", [`Authorization: Bearer ${good()}; realm=x`]],
      ["two tokens, by comma", [`Authorization: Bearer ${twice}, Bearer ${twice}`]],
      ["two tokens, by comma, without a scheme", [`Authorization: Bearer ${twice},${twice}`]],
      ["two schemes, by comma", [`Authorization: Basic eDp5, Bearer ${good()}`]],
      ["two headers that are equal", [`Authorization: Bearer ${twice}`, `Authorization: Bearer ${twice}`]],
      ["two headers, the first good", [`Authorization: Bearer ${good()}`, "Authorization: Bearer a.b.c"]],
      ["two headers, the last good", ["Authorization: Bearer a.b.c", `Authorization: Bearer ${good()}`]],
      ["two headers, one empty", ["Authorization:", `Authorization: Bearer ${good()}`]],
      ["two headers, in other letters", [`authorization: Bearer ${good()}`, "AUTHORIZATION: Basic eDp5"]],
      ["in Proxy-Authorization", [`Proxy-Authorization: Bearer ${good()}`]],
      ["in X-Authorization", [`X-Authorization: Bearer ${good()}`]],
      ["in X-Forwarded-Authorization", [`X-Forwarded-Authorization: Bearer ${good()}`]],
      ["in a cookie", [`Cookie: access_token=${good()}; Authorization=Bearer ${good()}`]],
    ];
    expect(await failing(list, isRefused)).toEqual([]);
    for (const query of ["access_token", "token", "Authorization", "authorization", "jwt"]) {
      const target = `/api/users?${query}=${good()}`;
      expect(await rawRequest(ready().api_url, target, [])).toSatisfy(isRefused);
    }
  });

  test("that is no HTTP, or larger than the gateway reads, never gets to us, and is a problem all the same", async () => {
    const list: [string, string[]][] = [
      ["a null byte in the token", [`Authorization: Bearer ${good().replace(".", "\0.")}`]],
      ["a null byte behind it", [`Authorization: Bearer ${good()}\0`]],
      ["a null byte in the name", [`Authorization\0: Bearer ${good()}`]],
      ["a line folded", [`Authorization: Bearer`, ` ${good()}`]],
      ["a space before the colon", [`Authorization : Bearer ${good()}`]],
      ["a carriage return inside", [`Authorization: Bearer \r${good()}`]],
      ["a token of 100 kB", [`Authorization: Bearer ${forge.token({ filler: "f".repeat(75_000) })}`]],
      ["another header of 100 kB", [`Authorization: Bearer ${good()}`, `X-Long: ${"x".repeat(100_000)}`]],
      ["ten thousand headers", [`Authorization: Bearer ${good()}`, ...Array.from({ length: 10_000 }, () => "X-A: b")]],
    ];
    expect(
      await failing(
        list,
        ({ status, head, body }) =>
          [400, 401, 431].includes(status) &&
          head.includes("content-type: application/problem+json") &&
          typeof body.type === "string" &&
          typeof body.request_id === "string",
      ),
    ).toEqual([]);
    expect((await bearing(good())).status).toBe(200);
  });
});
