import { createHash } from "node:crypto";
import { AwsError, type AwsRequest, type AwsResponse } from "../../gateway/service.ts";
import { requireSecret } from "./clients.ts";
import type { Waiting } from "./hosted-state.ts";
import type { Client, Pool } from "./model.ts";
import { redeem } from "./sessions.ts";
import { type Cognito, needPool } from "./state.ts";
import { type AuthenticationResult, issueTokens } from "./tokens.ts";
import { findUser } from "./users.ts";

/** An error as RFC 6749 writes it. */
class Refused extends Error {}

const answer = (status: number, body: unknown): AwsResponse => ({
  status,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify(body),
});

const bySecret = (request: AwsRequest): { id?: string; secret?: string } => {
  const [, basic = ""] = /^basic (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const [id, secret] = Buffer.from(basic, "base64").toString("utf8").split(":");
  return basic === "" || id === undefined || secret === undefined ? {} : { id, secret };
};

const clientOf = (cognito: Cognito, pool: Pool, request: AwsRequest, form: URLSearchParams): Client => {
  const { id, secret } = bySecret(request);
  const client = cognito.clients.get(id ?? form.get("client_id") ?? "");
  if (client?.poolId !== pool.id) throw new Refused("invalid_client");
  try {
    requireSecret(client, secret ?? form.get("client_secret") ?? undefined);
  } catch {
    throw new Refused("invalid_client");
  }
  return client;
};

const shown = (tokens: AuthenticationResult) => ({
  id_token: tokens.IdToken,
  access_token: tokens.AccessToken,
  ...(tokens.RefreshToken === undefined ? {} : { refresh_token: tokens.RefreshToken }),
  expires_in: tokens.ExpiresIn,
  token_type: tokens.TokenType,
});

const byCode = async (
  cognito: Cognito,
  waiting: Waiting,
  pool: Pool,
  client: Client,
  form: URLSearchParams,
): Promise<AuthenticationResult> => {
  const granted = waiting.granted.take(form.get("code") ?? "");
  if (granted?.clientId !== client.id || granted.redirectUri !== form.get("redirect_uri"))
    throw new Refused("invalid_grant");
  const verifier = form.get("code_verifier");
  const proof = verifier === null ? undefined : createHash("sha256").update(verifier).digest("base64url");
  if (granted.challenge !== proof) throw new Refused("invalid_grant");
  const user = findUser(cognito, pool, granted.username);
  if (!user?.enabled) throw new Refused("invalid_grant");
  return issueTokens(cognito, {
    pool,
    client,
    user,
    source: "TokenGeneration_HostedAuth",
    scopes: granted.scopes,
    nonce: granted.nonce,
  });
};

const byRefresh = async (
  cognito: Cognito,
  pool: Pool,
  client: Client,
  token: string,
): Promise<AuthenticationResult> => {
  const session = redeem(cognito, client, token);
  const user = findUser(cognito, pool, session.username);
  if (!user?.enabled) throw new Refused("invalid_grant");
  return issueTokens(cognito, { pool, client, user, session, source: "TokenGeneration_RefreshTokens" });
};

/** POST /oauth2/token: a code, with the verifier of its challenge, or a refresh token. */
export const tokenEndpoint = async (
  cognito: Cognito,
  waiting: Waiting,
  poolId: string,
  request: AwsRequest,
): Promise<AwsResponse> => {
  const form = new URLSearchParams(request.body.toString("utf8"));
  try {
    const pool = needPool(cognito, poolId);
    const client = clientOf(cognito, pool, request, form);
    const type = form.get("grant_type");
    if (type === "authorization_code") return answer(200, shown(await byCode(cognito, waiting, pool, client, form)));
    if (type !== "refresh_token") throw new Refused("unsupported_grant_type");
    return answer(200, shown(await byRefresh(cognito, pool, client, form.get("refresh_token") ?? "")));
  } catch (error) {
    if (error instanceof Refused) return answer(400, { error: error.message });
    if (error instanceof AwsError && error.code === "NotAuthorizedException")
      return answer(400, { error: "invalid_grant" });
    if (error instanceof AwsError && error.status < 500)
      return answer(400, { error: "invalid_request", error_description: error.message });
    throw error;
  }
};
