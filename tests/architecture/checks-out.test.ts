import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AccessFacts } from "@tenantry/aws/access-facts";
import type { accessGate } from "@tenantry/aws/access-gate";
import type { FindIssuer } from "@tenantry/aws/issuer-reader";
import type { tenantTokens } from "@tenantry/aws/tenant-tokens";
import type { accessTokens, Pool } from "@tenantry/aws/token";
import type { Known } from "@tenantry/core/access/admission";
import type { authorizer } from "@tenantry/lambda/authorizer";
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { forgery, type Forgery } from "../support/forge.ts";
import { type Attack, attacks, neighbours } from "../support/token-attacks.ts";
import { type Cut, variantOf } from "../support/variant.ts";

// Each check of the verifier is taken out once, and the attacks are run against what is left: one that was refused must
// get through. So no check is there for nothing, and none can go without a test that sees it.

type Product = {
  readonly accessTokens: typeof accessTokens;
  readonly tenantTokens: typeof tenantTokens;
  readonly accessGate: typeof accessGate;
  readonly authorizer: typeof authorizer;
};
const entry = `
export { accessTokens } from "@tenantry/aws/token";
export { tenantTokens } from "@tenantry/aws/tenant-tokens";
export { accessGate } from "@tenantry/aws/access-gate";
export { authorizer } from "@tenantry/lambda/authorizer";`;

const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const pair = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const keys = { "us-east-1_Shared": pair(), "us-east-1_Alien": pair() } as const;
const root = "https://cognito-idp.us-east-1.amazonaws.com/";
const epoch = { tenant: 3, member: 4 };
const claims = {
  sub: "f1b2a3c4-0000-4000-8000-000000000001",
  iss: `${root}us-east-1_Shared`,
  client_id: "platformclient",
  token_use: "access",
  email: "a@b.example",
  org_id: "ten_A",
  permissions: "users:read",
  perm_epoch: `${epoch.tenant}.${epoch.member}`,
  origin_jti: "session",
  auth_time: Math.floor(Date.now() / 1000) - 600,
};

let server: Server;
let pool: Pool;
let forge: Forgery;

const jwkOf = (key: KeyObject, more: object) => ({
  ...createPublicKey(key).export({ format: "jwk" }),
  use: "sig",
  ...more,
});
beforeAll(async () => {
  server = createServer(({ url }, response) => {
    const key = keys[(url?.split("/")[1] ?? "") as keyof typeof keys];
    // The second does not say which algorithm it is for, nor does the last: only we do.
    const more = [jwkOf(key, { kid: "plain" }), jwkOf(key, { kid: "enc", use: "enc" }), jwkOf(curve, { kid: "curve" })];
    response.end(JSON.stringify({ keys: [jwkOf(key, { kid: "one", alg: "RS256" }), ...more] }));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  pool = {
    issuer: claims.iss,
    clientId: claims.client_id,
    jwksUri: `http://127.0.0.1:${port}/us-east-1_Shared/.well-known/jwks.json`,
  };
  forge = forgery({ header: { alg: "RS256", kid: "one" }, claims, key: keys["us-east-1_Shared"], foreign: pair() });
});
afterAll(() => void server.close());
beforeEach(() => {
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  return () => void vi.restoreAllMocks();
});

/** What gets through of a list, by name: all of it, or no more than so many. */
const through = async <One extends readonly [why: string, ...rest: readonly unknown[]]>(
  list: readonly One[],
  isLetIn: (one: One) => Promise<boolean>,
  enough = Number.POSITIVE_INFINITY,
): Promise<string[]> => {
  const passed: string[] = [];
  for (const one of list) {
    if (await isLetIn(one)) passed.push(one[0]);
    if (passed.length >= enough) break;
  }
  return passed;
};

/** The verifier of one pool, and attacks that only a key which does not name its algorithm lets be tried. */
const verifierAttacks = (f: Forgery): Attack[] => [
  ...attacks(f),
  ["RS384 by a key of no algorithm", f.token({}, { alg: "RS384", kid: "plain" })],
  ["by a key of another kind", f.token({}, { kid: "curve" }, curve)],
  ["by a key for encryption", f.token({}, { kid: "enc" })],
];
/** What the verifier alone cannot know: it looks into no registry. */
const registrys = /perm_epoch|origin_jti|auth_time|nobody here|org_id of no|with a (space|null byte)|8\.5 kB/;

const verifierFile = "packages/aws/src/token.ts";
const rulesFile = "packages/core/src/access/token-rules.ts";
const keysFile = "packages/aws/src/pool-keys.ts";
const jwt = "node_modules/aws-jwt-verify/dist/esm/jwt.js";
const verifierChecks: readonly (readonly [what: string, cut: Cut])[] = [
  ["the algorithm", { file: rulesFile, from: 'if (header.alg !== "RS256")', to: "if (false)" }],
  ["critical extensions", { file: rulesFile, from: 'if (header["crit"] !== undefined)', to: "if (false)" }],
  ["token_use", { file: rulesFile, from: 'if (payload["token_use"] !== "access")', to: "if (false)" }],
  ["the client", { file: rulesFile, from: 'if (payload["client_id"] !== clientId)', to: "if (false)" }],
  ["how long it lives", { file: rulesFile, from: "if (!((payload.exp ??", to: "if (false && !((payload.exp ??" }],
  ["when it was made", { file: rulesFile, from: "if ((payload.iat ?? 0) > now + skewSeconds)", to: "if (false)" }],
  ["its spelling", { file: rulesFile, from: "if (!isCanonicalBase64url(part))", to: "if (false)" }],
  ["claims that are there twice", { file: rulesFile, from: "if (repeatsName(", to: "if (false && repeatsName(" }],
  ["the types of claims", { file: rulesFile, from: 'if (typeof value !== "string")', to: "if (false)" }],
  ["its bearer", { file: verifierFile, from: 'if (sub === "")', to: "if (false)" }],
  ["the issuer", { file: verifierFile, from: "issuer: pool.issuer, audience", to: "issuer: null, audience" }],
  ["the signature", { file: verifierFile, from: "if (!verifySignature(", to: "if (false && !verifySignature(" }],
  ["what kind of key it is", { file: keysFile, from: 'jwk.kty !== "RSA" ||', to: "" }],
  ["what the key is for", { file: keysFile, from: "assertIsSignatureJwk(jwk);", to: "" }],
  [
    "the expiry",
    { file: jwt, from: "if (payload.exp + (options.graceSeconds ?? 0) < Date.now() / 1000)", to: "if (false)" },
  ],
  [
    "the beginning",
    { file: jwt, from: "if (payload.nbf - (options.graceSeconds ?? 0) > Date.now() / 1000)", to: "if (false)" },
  ],
  ["the type of exp", { file: jwt, from: "payload.exp !== undefined && !Number", to: "false && !Number" }],
  ["the type of nbf", { file: jwt, from: "payload.nbf !== undefined && !Number", to: "false && !Number" }],
  ["the type of iat", { file: jwt, from: "payload.iat !== undefined && !Number", to: "false && !Number" }],
];

describe("the verifier of a pool", () => {
  let list: Attack[];
  beforeAll(() => void (list = verifierAttacks(forge).filter(([why]) => !registrys.test(why))));

  const verifies = async (cut?: Cut) => {
    const verify = (await variantOf<Product>(entry, cut)).accessTokens(pool);
    return ([, token]: Attack): Promise<boolean> =>
      verify(token).then(
        () => true,
        () => false,
      );
  };

  test("as it is lets none of the attacks through, and each of their neighbours", async () => {
    expect(list.length).toBeGreaterThan(150);
    expect(await through(list, await verifies())).toEqual([]);
    const good = neighbours(forge);
    expect(await through(good, await verifies())).toEqual(good.map(([why]) => why));
  });

  test.for(verifierChecks)("without its check of %s lets an attack through", async ([, cut]) =>
    expect(await through(list, await verifies(cut), 1)).toHaveLength(1),
  );
});

/** A request that must be refused, and what the registry knows at that moment. */
type Situation = readonly [why: string, headers: string[], known?: Partial<Known>];

const known = (): Known => ({
  session: { lastSeenAt: new Date().toISOString(), ended: false },
  signedOutAt: null,
  membership: { status: "active", epoch: epoch.member },
  tenant: { status: "active", epoch: epoch.tenant },
});
const find: FindIssuer = async (id, client) =>
  id === "us-east-1_Shared" && client === "tenantclient" ? { tenant_id: "ten_B" } : null;

const situations = (f: Forgery): Situation[] => {
  const one = f.token();
  const bearer = (change: object = {}, head: object = {}, by?: KeyObject) => [
    `Bearer ${f.token({ ...change }, { ...head }, by)}`,
  ];
  return [
    ["two headers", [`Bearer ${one}`, `Bearer ${one}`]],
    ["another scheme", [`Basic ${one}`]],
    ["a session that was ended", bearer(), { session: { lastSeenAt: new Date().toISOString(), ended: true } }],
    [
      "a session idle for an hour",
      bearer(),
      { session: { lastSeenAt: new Date(Date.now() - 3_600_000).toISOString(), ended: false } },
    ],
    ["signed out everywhere", bearer(), { signedOutAt: claims.auth_time }],
    ["a member no more", bearer(), { membership: null }],
    ["a member who is disabled", bearer(), { membership: { status: "disabled", epoch: epoch.member } }],
    ["roles changed since", bearer(), { membership: { status: "active", epoch: epoch.member + 1 } }],
    ["a tenant that is suspended", bearer(), { tenant: { status: "suspended", epoch: epoch.tenant } }],
    ["a tenant that is gone", bearer(), { tenant: null }],
    ["without the permission", bearer({ permissions: "usage:read" })],
    ["without an organisation", bearer({ org_id: "" })],
    ["a client of another tenant's", bearer({ client_id: "tenantclient" })],
    [
      "a pool that nobody registered",
      bearer({ iss: `${root}us-east-1_Alien`, client_id: "alien" }, {}, keys["us-east-1_Alien"]),
    ],
    ...attacks(f).map(([why, made]): Situation => [why, [`Bearer ${made}`]]),
  ];
};

const core = "packages/core/src/access";
const edge = "packages/lambda/src/authorizer.ts";
const chain: readonly (readonly [what: string, cut: Cut])[] = [
  ["a second header", { file: edge, from: "if (values.length > 1)", to: "if (false)" }],
  ["the header's length", { file: edge, from: "if (value.length > maxHeaderLength)", to: "if (false)" }],
  ["the scheme", { file: edge, from: "/^bearer +/i", to: "/^[a-z]+ +/i" }],
  [
    "the decision on the route",
    { file: edge, from: "const allow = decision.allow && literal", to: "const allow = literal" },
  ],
  ["what bars a bearer", { file: edge, from: "bearer.barred === undefined", to: "true" }],
  [
    "whether the issuer is registered",
    {
      file: "packages/aws/src/tenant-tokens.ts",
      from: "if (registered === null) throw new",
      to: 'if (registered === null) return "ten_A"; if (false) throw new',
    },
  ],
  ["whose issuer it is", { file: "packages/aws/src/tenant-tokens.ts", from: "claims.org_id !== owner", to: "false" }],
  [
    "the registry's verdict",
    { file: "packages/aws/src/access-gate.ts", from: "if (admission.admitted) return", to: "return" },
  ],
  [
    "whether there is a session",
    { file: `${core}/admission.ts`, from: 'token.sid === "" || !(token.auth_time > 0)', to: "false" },
  ],
  [
    "whether the session was ended",
    { file: `${core}/admission.ts`, from: "known.session?.ended === true", to: "false" },
  ],
  [
    "the sign-out everywhere",
    {
      file: `${core}/admission.ts`,
      from: "known.signedOutAt !== null && token.auth_time <= known.signedOutAt",
      to: "false",
    },
  ],
  ["idle time", { file: `${core}/admission.ts`, from: "now - lastSeen(token, known) < idleMillis", to: "true" }],
  ["membership", { file: `${core}/admission.ts`, from: 'membership?.status !== "active"', to: "membership === null" }],
  [
    "the epoch of the roles",
    { file: `${core}/admission.ts`, from: "perm_epoch !== epochOf(tenant.epoch, membership.epoch)", to: "false" },
  ],
  ["the tenant's state", { file: `${core}/admission.ts`, from: "return admits(tenant.status)", to: "return true" }],
  ["the organisation", { file: `${core}/decide.ts`, from: 'if (token.orgId === "")', to: "if (false)" }],
  [
    "the permission",
    { file: `${core}/decide.ts`, from: "claimHolds(token.permissions, route.permission)", to: "true" },
  ],
];

describe("the authorizer", () => {
  let list: Situation[];
  beforeAll(() => void (list = situations(forge)));

  const lets = async (cut?: Cut) => {
    const product = await variantOf<Product>(entry, cut);
    return async ([, headers, change]: Situation): Promise<boolean> => {
      const facts: AccessFacts = {
        // Whoever is not the user has nothing in the registry.
        read: async ({ sub, org_id, sid }) => ({
          ...known(),
          ...(sid === claims.origin_jti ? {} : { session: null }),
          ...(sub === claims.sub && org_id === claims.org_id ? {} : { membership: null }),
          ...change,
        }),
        note: async () => undefined,
      };
      const gate = product.accessGate(product.tenantTokens(pool, find), facts, { keptMillis: 0 });
      const event = {
        httpMethod: "GET",
        resource: "/api/users",
        methodArn: "arn:aws:execute-api:us-east-1:123456789012:api/dev/GET/api/users",
        multiValueHeaders: { Authorization: headers },
        requestContext: { requestId: "r", identity: { sourceIp: "203.0.113.7", userAgent: "test" } },
      } as unknown as APIGatewayRequestAuthorizerEvent;
      return product
        .authorizer(gate, { platform: "platform", others: "others" })(event)
        .then(
          ({ policyDocument }) => JSON.stringify(policyDocument).includes('"Allow"'),
          () => false,
        );
    };
  };

  test("as it is lets nobody of them in, and each of their neighbours", async () => {
    expect(await through(list, await lets())).toEqual([]);
    const good = neighbours(forge).map(([why, made]): Situation => [why, [`Bearer ${made}`]]);
    expect(await through(good, await lets())).toEqual(good.map(([why]) => why));
  });

  test.for(chain)("without its check of %s lets somebody in", async ([, cut]) =>
    expect(await through(list, await lets(cut), 1)).toHaveLength(1),
  );
});
