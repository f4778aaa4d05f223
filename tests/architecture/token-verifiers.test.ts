import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { accessTokens } from "@tenantry/aws/token";
import { tokenVerifier } from "@tenantry/kit/verify-token";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forgery, type Forgery } from "../support/forge.ts";
import { attacks, neighbours } from "../support/token-attacks.ts";

// The authorizer's verifier and the kit's are asked about the same tokens: each attack of those that the deployed app is
// sent (tests/api/token-attacks.test.ts), and their good neighbours.

const clientId = "client";
const userPoolId = "us-east-1_TestPool1";
const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

let server: Server;
let forge: Forgery;
let verifiers: Readonly<Record<"authorizer" | "kit", (token: string) => Promise<unknown>>>;

beforeAll(async () => {
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }];
  server = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  verifiers = {
    authorizer: accessTokens({ issuer, jwksUri: `${endpoint}/jwks`, clientId }),
    kit: tokenVerifier({ userPools: [{ userPoolId, clientId }], endpoint }),
  };
  forge = forgery({
    header: { alg: "RS256", kid: "one" },
    claims: {
      iss: issuer,
      client_id: clientId,
      token_use: "access",
      sub: randomUUID(),
      org_id: "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8",
      email: "a@example.com",
      permissions: "users:read",
      perm_epoch: "0.0",
      origin_jti: randomUUID(),
      auth_time: Math.floor(Date.now() / 1000),
    },
    key: privateKey,
    foreign: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  });
});
afterAll(() => server.close());

/** The attacks that a verifier takes, by name. */
const accepted = async (verify: (token: string) => Promise<unknown>): Promise<string[]> => {
  const taken: string[] = [];
  for (const [why, token] of attacks(forge))
    await verify(token).then(
      () => taken.push(why),
      () => undefined,
    );
  return taken;
};

test("good tokens are taken by both", async () => {
  for (const [why, token] of neighbours(forge))
    for (const verify of Object.values(verifiers)) expect([why, await verify(token)]).toEqual([why, expect.anything()]);
});

/** What no verifier can know: the registry refuses these, which the kit does not ask. */
const registrys = [
  "sub of nobody here",
  "sub with a null byte",
  "org_id of no tenant",
  "org_id with a space",
  "perm_epoch of the past",
  "perm_epoch of the future",
  "perm_epoch missing",
  "perm_epoch with a space",
  "origin_jti missing",
  "origin_jti empty",
  "auth_time missing",
  "auth_time text",
  "auth_time 0",
  "auth_time negative",
  "auth_time an hour ago, of a session never seen",
  // Its length is the authorizer's, which reads no longer header.
  "with a letter more than we read, 8.5 kB",
];
/** Claims that the kit does not read. */
const unread = ["perm_epoch a number", "origin_jti a number"];

test("both refuse every attack that a verifier can see", async () => {
  expect(attacks(forge).length).toBeGreaterThan(190);
  expect(await accepted(verifiers.authorizer)).toEqual(registrys);
  expect((await accepted(verifiers.kit)).toSorted()).toEqual([...registrys, ...unread].toSorted());
});
