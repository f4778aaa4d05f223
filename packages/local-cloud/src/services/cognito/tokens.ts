import { randomUUID } from "node:crypto";
import { decodeJwt, errors, jwtVerify, SignJWT } from "jose";
import { validityOf } from "./clients.ts";
import { signingKey, verifyingKey } from "./keys.ts";
import type { Client, Pool, Session, User } from "./model.ts";
import { type Groups, preTokenGeneration, type TokenChanges, type TriggerSource } from "./pre-token-generation.ts";
import { newRefreshToken, newSession, requireSession, sessionOf } from "./sessions.ts";
import { type Cognito, needGroup, notAuthorized } from "./state.ts";
import { findUser, identitiesOf } from "./users.ts";

/** The scope of tokens that come from the API: the user may manage itself. */
const SELF = "aws.cognito.signin.user.admin";

/** Claims that no trigger can touch: in every token, in id tokens, in access tokens. */
const RESERVED = "acr amr at_hash auth_time azp exp iat iss jti nbf nonce origin_jti sub token_use".split(" ");
const RESERVED_ID = new Set([...RESERVED, "identities", "aud", "cognito:username"]);
const RESERVED_ACCESS = new Set([...RESERVED, "username", "client_id", "scope", "device_key", "event_id", "version"]);

export type AuthenticationResult = {
  readonly AccessToken: string;
  readonly IdToken: string;
  readonly RefreshToken?: string;
  readonly ExpiresIn: number;
  readonly TokenType: "Bearer";
};

export const issuerOf = (region: string, poolId: string): string =>
  `https://cognito-idp.${region}.amazonaws.com/${poolId}`;

const change = (
  claims: Readonly<Record<string, unknown>>,
  { add, suppress }: TokenChanges,
  reserved: ReadonlySet<string>,
): Record<string, unknown> => {
  const changed: Record<string, unknown> = { ...claims };
  for (const name of suppress) if (!reserved.has(name)) delete changed[name];
  for (const [name, value] of Object.entries(add)) if (!reserved.has(name)) changed[name] = value;
  return changed;
};

/** The user's groups in their order of precedence, and their roles. */
const groupsOf = (cognito: Cognito, user: User): Groups => {
  const groups = user.groups
    .map((name) => needGroup(cognito, user.poolId, name))
    .toSorted((a, b) => (a.precedence ?? Infinity) - (b.precedence ?? Infinity) || (a.name < b.name ? -1 : 1));
  const roles = groups.flatMap(({ roleArn }) => roleArn ?? []);
  return {
    groups: groups.map(({ name }) => name),
    roles,
    ...(roles[0] === undefined ? {} : { preferredRole: roles[0] }),
  };
};

const attributeClaims = (user: User): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(user.attributes).map(([name, value]) => [
      name,
      name.endsWith("_verified") ? value === "true" : value,
    ]),
  );

const sign = async (
  cognito: Cognito,
  pool: Pool,
  use: "id" | "access",
  claims: Record<string, unknown>,
): Promise<string> => {
  const { kid, key } = await signingKey(cognito, pool.id, use);
  return new SignJWT(claims).setProtectedHeader({ kid, alg: "RS256" }).sign(key);
};

type Asked = {
  readonly pool: Pool;
  readonly client: Client;
  readonly user: User;
  readonly source: TriggerSource;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** What the application was granted; the user's own management of itself where it is absent. */
  readonly scopes?: readonly string[] | undefined;
  readonly nonce?: string | undefined;
  /** The sign-in that is refreshed; absent for a new one. */
  readonly session?: Session;
};

/** @throws AwsError when the user was disabled or removed, or the session ended, while the trigger ran */
const recheck = (cognito: Cognito, { pool, user, session }: Asked): void => {
  if (findUser(cognito, pool, user.username)?.enabled !== true) throw notAuthorized("User is disabled.");
  if (session) requireSession(cognito, session);
};

/** Makes the tokens of a sign-in. A new sign-in gets a refresh token; nothing is kept when the trigger fails. */
export const issueTokens = async (cognito: Cognito, asked: Asked): Promise<AuthenticationResult> => {
  const { pool, client, user, source } = asked;
  const custom = await preTokenGeneration(cognito, {
    pool,
    client,
    user,
    source,
    metadata: asked.metadata,
    scopes: asked.scopes ?? asked.session?.scopes ?? [SELF],
    groups: groupsOf(cognito, user),
  });
  recheck(cognito, asked);

  const now = Math.floor(cognito.now());
  const session = asked.session ?? newSession(cognito, client, user, asked.scopes);
  const { groups, roles, preferredRole } = custom.groups;
  const common = {
    sub: user.attributes["sub"],
    ...(groups.length > 0 ? { "cognito:groups": groups } : {}),
    iss: issuerOf(cognito.host.region, pool.id),
    origin_jti: session.originJti,
    event_id: randomUUID(),
    auth_time: session.authTime,
    iat: now,
  };
  const id = {
    ...attributeClaims(user),
    ...(user.identity === undefined ? {} : { identities: identitiesOf(user.identity) }),
    ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
    ...common,
    ...(roles.length > 0 ? { "cognito:roles": roles } : {}),
    ...(preferredRole === undefined ? {} : { "cognito:preferred_role": preferredRole }),
    "cognito:username": user.username,
    aud: client.id,
    token_use: "id",
    exp: now + validityOf(client, "IdToken"),
    jti: randomUUID(),
  };
  const access = {
    ...common,
    client_id: client.id,
    token_use: "access",
    scope: custom.scopes.join(" "),
    exp: now + validityOf(client, "AccessToken"),
    jti: randomUUID(),
    username: user.username,
  };
  const accessClaims = change(access, custom.access, RESERVED_ACCESS);
  // An access token's audience can be its own client and nothing else.
  if (accessClaims["aud"] !== client.id) delete accessClaims["aud"];
  const [IdToken, AccessToken] = await Promise.all([
    sign(cognito, pool, "id", change(id, custom.id, RESERVED_ID)),
    sign(cognito, pool, "access", accessClaims),
  ]);
  return {
    AccessToken,
    IdToken,
    ...(asked.session ? {} : { RefreshToken: newRefreshToken(cognito, session) }),
    ExpiresIn: validityOf(client, "AccessToken"),
    TokenType: "Bearer",
  };
};

/** Who an access token stands for, for the actions that users call with it. */
export const authenticate = async (cognito: Cognito, token: string): Promise<{ pool: Pool; user: User }> => {
  const refused = notAuthorized("Invalid Access Token");
  const poolId = ((): string => {
    try {
      return decodeJwt(token).iss?.split("/").at(-1) ?? "";
    } catch {
      throw refused;
    }
  })();
  const pool = cognito.pools.get(poolId);
  if (!pool) throw refused;
  const { payload } = await jwtVerify(token, await verifyingKey(cognito, pool.id), {
    algorithms: ["RS256"],
    issuer: issuerOf(cognito.host.region, pool.id),
    currentDate: new Date(cognito.now() * 1000),
  }).catch((error: unknown) => {
    throw error instanceof errors.JWTExpired ? notAuthorized("Access Token has expired") : refused;
  });
  if (payload["token_use"] !== "access") throw refused;
  if (!String(payload["scope"]).split(" ").includes(SELF))
    throw notAuthorized("Access Token does not have required scopes");
  const user = findUser(cognito, pool, String(payload["username"]));
  const session = user && sessionOf(cognito, user, String(payload["origin_jti"]));
  if (!user || !session || session.revoked) throw notAuthorized("Access Token has been revoked");
  if (!user.enabled) throw notAuthorized("User is disabled.");
  return { pool, user };
};
