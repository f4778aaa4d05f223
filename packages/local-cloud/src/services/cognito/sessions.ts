import { createHash, randomBytes, randomUUID } from "node:crypto";
import { validityOf } from "./clients.ts";
import type { Client, RefreshToken, Session, User } from "./model.ts";
import { type Cognito, notAuthorized } from "./state.ts";

/** A `sub` holds no slash, as a username may: nobody's sessions are under another's prefix. */
const keyOf = (session: Session): string => `${session.poolId}/${session.sub}/${session.originJti}`;
const prefixOf = (user: User): string => `${user.poolId}/${user.attributes["sub"]}/`;
const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64url");

export const sessionOf = (cognito: Cognito, user: User, originJti: string): Session | undefined =>
  cognito.sessions.get(`${prefixOf(user)}${originJti}`);

const sessionsOf = (cognito: Cognito, user: User): { key: string; value: Session }[] =>
  cognito.sessions.list(prefixOf(user));

/** Ends every sign-in of the user: its refresh tokens are dead, and Cognito itself takes no access token of it. */
export const signOut = (cognito: Cognito, user: User): void => {
  for (const { key, value } of sessionsOf(cognito, user)) cognito.sessions.put(key, { ...value, revoked: true });
};

export const removeSessions = (cognito: Cognito, user: User): void => {
  for (const { key } of sessionsOf(cognito, user)) cognito.sessions.delete(key);
};

/** Forgets the sign-ins of a user that ended more than a day ago, and their tokens. */
const sweep = (cognito: Cognito, user: User): void => {
  const all = sessionsOf(cognito, user);
  const ended = new Set(all.flatMap(({ key, value }) => (value.endsAt + 86_400 < cognito.now() ? [key] : [])));
  if (ended.size === 0) return;
  for (const { key, value } of cognito.refreshTokens.list())
    if (ended.has(value.session)) cognito.refreshTokens.delete(key);
  for (const key of ended) cognito.sessions.delete(key);
};

/** Begins a sign-in. */
export const newSession = (cognito: Cognito, client: Client, user: User, scopes?: readonly string[]): Session => {
  const now = Math.floor(cognito.now());
  sweep(cognito, user);
  const session: Session = {
    originJti: randomUUID(),
    poolId: user.poolId,
    sub: String(user.attributes["sub"]),
    username: user.username,
    clientId: client.id,
    authTime: now,
    endsAt: now + validityOf(client, "RefreshToken"),
    revoked: false,
    ...(scopes === undefined ? {} : { scopes }),
  };
  cognito.sessions.put(keyOf(session), session);
  return session;
};

/** A refresh token of the session. The store knows its hash only. */
export const newRefreshToken = (cognito: Cognito, session: Session): string => {
  const token = randomBytes(96).toString("base64url");
  cognito.refreshTokens.put(hashOf(token), { session: keyOf(session), endsAt: session.endsAt });
  return token;
};

/** @throws AwsError NotAuthorizedException when the session was revoked, removed or has ended */
export const requireSession = (cognito: Cognito, session: Session): Session => {
  const current = cognito.sessions.get(keyOf(session));
  if (!current) throw notAuthorized("Invalid Refresh Token");
  if (current.revoked) throw notAuthorized("Refresh Token has been revoked");
  if (current.endsAt <= cognito.now()) throw notAuthorized("Refresh Token has expired");
  return current;
};

/** The session of a refresh token of this client. */
export const findSession = (
  cognito: Cognito,
  client: Client,
  token: string,
): { readonly session: Session; readonly token: RefreshToken } => {
  const found = cognito.refreshTokens.get(hashOf(token));
  const session = found && cognito.sessions.get(found.session);
  if (!session || session.clientId !== client.id) throw notAuthorized("Invalid Refresh Token");
  return { session, token: found };
};

/** A session by a refresh token that still counts. */
export const redeem = (cognito: Cognito, client: Client, token: string): Session => {
  const found = findSession(cognito, client, token);
  const session = requireSession(cognito, found.session);
  if (found.token.endsAt <= cognito.now()) throw notAuthorized("Refresh Token has expired");
  return session;
};

/** Ends a rotated token after its grace period. */
export const retire = (cognito: Cognito, token: string, grace: number): void => {
  const key = hashOf(token);
  const found = cognito.refreshTokens.get(key);
  if (found)
    cognito.refreshTokens.put(key, { ...found, endsAt: Math.min(found.endsAt, Math.floor(cognito.now()) + grace) });
};

/** Ends a sign-in: its refresh tokens, and its access tokens where Cognito itself takes them. */
export const revoke = (cognito: Cognito, session: Session): void =>
  cognito.sessions.put(keyOf(session), { ...session, revoked: true });
