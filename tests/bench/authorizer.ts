import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { createServer } from "node:http";
import type { APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { accessFacts } from "@tenantry/aws/access-facts";
import { accessGate } from "@tenantry/aws/access-gate";
import { apiKeyFacts, apiKeyGate, keysOr } from "@tenantry/aws/api-key-gate";
import { keys } from "@tenantry/aws/control-table";
import type { TableFetch } from "@tenantry/aws/table-fetch";
import { tenantTokens } from "@tenantry/aws/tenant-tokens";
import type { Pool } from "@tenantry/aws/token";
import { authorizer as edge } from "@tenantry/lambda/authorizer";
import { permissionsOf } from "@tenantry/core/access/policy";
import { authorizerBundle } from "./authorizer-bundle.ts";
import type { Aim, Bench, Row } from "./bench.ts";

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

type Keys = { readonly pk: { readonly S: string } };

/** What DynamoDB would answer: what is measured is the decision, not the network. */
const tableOf = (subs: readonly string[]): TableFetch => {
  const now = new Date().toISOString();
  const item = ({ pk, sk }: { pk: string; sk: string }, more: object) => ({ pk: { S: pk }, sk: { S: sk }, ...more });
  const usage_key = { M: { identity: { M: { usage_key_id: { S: "key" } } } } };
  const tenant = item(keys.tenant("ten_bench"), {
    status: { S: "active" },
    access_epoch: { N: "1" },
    resources: usage_key,
  });
  const answers = new Map(
    subs.map((sub) => {
      const session = keys.session(sub, `session-of-${sub}`);
      const items = [
        item(session, { last_seen_at: { S: now } }),
        item(keys.membership(sub, "ten_bench"), { status: { S: "active" }, epoch: { N: "2" } }),
        tenant,
      ];
      return [session.pk, { Responses: { control: items } }] as const;
    }),
  );
  return async <Answer>(_: string, input: object) => {
    const { RequestItems } = input as { RequestItems: { control: { Keys: readonly Keys[] } } };
    return answers.get(RequestItems.control.Keys[0]?.pk.S ?? "") as Answer;
  };
};

const percentile = (times: Float64Array, part: number): number =>
  times.toSorted()[Math.floor(times.length * part)] ?? Number.NaN;

const tokens = 1000;
const rounds = 12;

/** Microseconds of each call in turn. */
type Times = { readonly bare: Float64Array; readonly unseen: Float64Array; readonly seen: Float64Array };

/** The authorizer's whole decision, as deployed, beside the bare check of the same token's signature. */
const decisions = async (pool: Pool): Promise<Row[]> => {
  const subs = Array.from({ length: tokens }, (_, n) => `user-${n}`);
  const warming = tokenFor("warming");
  const table = tableOf([...subs, "warming"]);
  // As they come: each event is text that nobody has looked at.
  const texts = subs.map((sub) => JSON.stringify(eventFor(tokenFor(sub))));
  const events = () => texts.map((text) => JSON.parse(text) as APIGatewayRequestAuthorizerEvent);
  const key = createPublicKey(publicKey.export({ type: "spki", format: "pem" }));
  const bare = (token: string) => {
    const end = token.lastIndexOf(".");
    return verify("sha256", Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), "base64url"));
  };
  const keptMillis = 5000;
  const fresh = () =>
    edge(
      keysOr(
        apiKeyGate(apiKeyFacts(table, "control"), { keptMillis }),
        accessGate(
          tenantTokens(pool, async () => null),
          accessFacts(table, "control"),
          { keptMillis },
        ),
      ),
      { platform: "platform", others: "others" },
    );
  const decide = async (decision: ReturnType<typeof fresh>, event: APIGatewayRequestAuthorizerEvent) => {
    const since = performance.now();
    const { policyDocument } = await decision(event);
    const taken = (performance.now() - since) * 1000;
    if (!JSON.stringify(policyDocument).includes('"Allow"')) throw new Error("The authorizer refused a good token.");
    return taken;
  };

  const measured: Times[] = [];
  for (let round = 0; round < rounds; round++) {
    const decision = fresh();
    await decision(eventFor(warming)); // fetches the pool's keys
    const times: Times = {
      bare: new Float64Array(tokens),
      unseen: new Float64Array(tokens),
      seen: new Float64Array(tokens),
    };
    for (const [at, event] of events().entries()) {
      const token = (event.multiValueHeaders?.["Authorization"]?.[0] ?? "").slice("Bearer ".length);
      const since = performance.now();
      if (!bare(token)) throw new Error("The bare check refused a good token.");
      times.bare[at] = (performance.now() - since) * 1000;
      times.unseen[at] = await decide(decision, event);
    }
    for (const [at, event] of events().entries()) times.seen[at] = await decide(decision, event);
    measured.push(times);
  }
  const best = (of: keyof Times, part: number) => Math.min(...measured.map((times) => percentile(times[of], part)));
  const row = (of: "unseen" | "seen", part: number, aim?: Aim): Row => ({
    measure: `decision, a token ${of === "seen" ? "seen" : "not seen"} before, p${part * 100}`,
    value: best(of, part),
    unit: "µs",
    beside: { what: "for crypto.verify alone", value: best("bare", part) },
    ...(aim !== undefined && { aim }),
  });
  return [
    row("unseen", 0.5, { of: "ratio", atMost: 3.5 }),
    row("unseen", 0.99),
    row("seen", 0.5, { of: "value", atMost: 5 }),
    row("seen", 0.99),
  ];
};

/**
 * The authorizer's decision beside the bare check of the same tokens' signatures, and its bundle. Each percentile is that
 * of the best of some rounds, so that what else the machine does then does not count.
 */
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
      const jwksUri = `http://127.0.0.1:${port}/us-east-1_Benchmark/.well-known/jwks.json`;
      return [...(await decisions({ issuer, clientId, jwksUri })), ...(await authorizerBundle())];
    } finally {
      server.close();
    }
  },
};
