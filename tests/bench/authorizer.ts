import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { createServer } from "node:http";
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import type { AccessFacts } from "@tenantry/aws/access-facts";
import { accessGate } from "@tenantry/aws/access-gate";
import { accessTokens, remembering } from "@tenantry/aws/token";
import { authorizer as edge } from "@tenantry/lambda/authorizer";
import { permissionsOf } from "@tenantry/core/access/policy";
import type { Bench } from "./bench.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Benchmark";
const clientId = "benchmarkclient";
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const tokenFor = (sub: string): string => {
  const now = Math.floor(Date.now() / 1000);
  const unsigned = `${encode({ alg: "RS256", kid: "bench" })}.${encode({
    sub,
    iss: issuer,
    client_id: clientId,
    token_use: "access",
    scope: "aws.cognito.signin.user.admin",
    iat: now,
    exp: now + 3600,
    username: sub,
    email: `${sub}@example.com`,
    org_id: "ten_bench",
    org_tier: "standard",
    roles: "tenant-owner",
    permissions: permissionsOf(["platform-admin", "tenant-owner"]).join(" "),
    perm_epoch: "1.2",
    origin_jti: `session-of-${sub}`,
    auth_time: now,
  })}`;
  return `${unsigned}.${sign("sha256", Buffer.from(unsigned), privateKey).toString("base64url")}`;
};

const eventFor = (token: string) =>
  ({
    httpMethod: "GET",
    resource: "/admin/tenants",
    methodArn: "arn:aws:execute-api:us-east-1:123456789012:api/dev/GET/admin/tenants",
    multiValueHeaders: { Authorization: [`Bearer ${token}`] },
    requestContext: { requestId: "bench", identity: { sourceIp: "203.0.113.7", userAgent: "bench" } },
  }) as unknown as APIGatewayRequestAuthorizerEvent;

/** A registry in memory: what is measured is the decision, not the network. */
const facts: AccessFacts = {
  read: async () => ({
    session: { lastSeenAt: new Date().toISOString(), ended: false },
    signedOutAt: null,
    membership: { status: "active", epoch: 2 },
    tenant: { status: "active", epoch: 1 },
    usageKey: "tenbench",
  }),
  note: async () => undefined,
};
const gated = (tokens: Parameters<typeof accessGate>[0]) =>
  edge(accessGate(tokens, facts, { keptMillis: 5000 }), { platform: "platform", others: "others" });

/** Microseconds of one call, the best of some rounds over the list, so that a collection elsewhere does not count. */
const best = async <T>(list: readonly T[], call: (item: T) => unknown, rounds = 5): Promise<number> => {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const since = performance.now();
    for (const item of list) await call(item);
    least = Math.min(least, ((performance.now() - since) * 1000) / list.length);
  }
  return least;
};

/** The authorizer's whole decision beside the bare check of the same tokens' signatures. */
export const authorizer: Bench = {
  name: "authorizer",
  async run() {
    const jwks = JSON.stringify({
      keys: [{ ...publicKey.export({ format: "jwk" }), kid: "bench", alg: "RS256", use: "sig" }],
    });
    const server = createServer((_, response) => response.end(jwks)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    try {
      const pool = { issuer, clientId, jwksUri: `http://127.0.0.1:${port}/jwks.json` };
      const events = Array.from({ length: 1000 }, (_, i) => tokenFor(`user-${i}`)).map((token) => ({
        token,
        event: eventFor(token),
      }));
      const unseen = gated(accessTokens(pool));
      const seen = gated(remembering(accessTokens(pool)));
      const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
      const bare = ({ token }: { token: string }) => {
        const end = token.lastIndexOf(".");
        return verify("sha256", Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), "base64url"));
      };
      for (const item of events) {
        if (!bare(item)) throw new Error("The bare check refused a good token.");
        const { policyDocument } = await seen(item.event);
        if (!JSON.stringify(policyDocument).includes('"Allow"'))
          throw new Error("The authorizer refused a good token.");
      }
      const beside = { what: "for crypto.verify alone", value: await best(events, bare) };
      return [
        {
          measure: "decision, a token not seen before",
          value: await best(events, ({ event }) => unseen(event)),
          unit: "µs",
          beside,
        },
        {
          measure: "decision, a token seen before",
          value: await best(events, ({ event }) => seen(event)),
          unit: "µs",
          beside,
        },
      ];
    } finally {
      server.close();
    }
  },
};
