import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";

/** How long a provider may take to answer. */
const patience = 5000;

/** What a token may be signed by: keys of the provider's set, and never a shared secret or nothing. */
const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

type Endpoint = "authorize_url" | "token_url" | "jwks_uri" | "attributes_url";

const named: Readonly<Record<string, Endpoint>> = {
  authorization_endpoint: "authorize_url",
  token_endpoint: "token_url",
  jwks_uri: "jwks_uri",
  userinfo_endpoint: "attributes_url",
};

/** Plain HTTP is for this machine alone, where AWS would take https only. */
const requireSafe = (name: string, text: unknown): string => {
  const url = typeof text === "string" ? URL.parse(text) : null;
  const here = url?.protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url?.protocol !== "https:" && !here) throw new Error(`${name} is no https URL`);
  return String(text);
};

const getJson = async (url: string, init: RequestInit = {}): Promise<Record<string, unknown>> => {
  const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(`the status was ${response.status}`);
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null) throw new Error("the answer is no object");
  return body as Record<string, unknown>;
};

/**
 * A provider's endpoints by its discovery document, whose issuer must be the very one that was asked.
 * @throws Error that says why there are none
 */
export const discover = async (issuer: string): Promise<{ endpoints: Readonly<Partial<Record<Endpoint, string>>> }> => {
  requireSafe("oidc_issuer", issuer);
  const found = await getJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (found["issuer"] !== issuer) throw new Error("the document is another issuer's");
  const endpoints: Partial<Record<Endpoint, string>> = {};
  for (const [name, ours] of Object.entries(named))
    if (found[name] !== undefined || ours !== "attributes_url") endpoints[ours] = requireSafe(name, found[name]);
  return { endpoints };
};

export type Exchange = {
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly code: string;
  readonly redirectUri: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly now: Date;
};

/**
 * Trades a code for what the provider says of the user: its id token, verified, and its user info.
 * @throws Error that says why it is refused, and holds neither secret nor token
 */
export const claimsFor = async (asked: Exchange): Promise<JWTPayload & { readonly sub: string }> => {
  const { issuer, clientId, endpoints } = asked;
  const answer = await getJson(requireSafe("token_url", endpoints["token_url"]), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: asked.code,
      redirect_uri: asked.redirectUri,
      client_id: clientId,
      client_secret: asked.secret,
      code_verifier: asked.verifier,
    }).toString(),
  });
  const { id_token: idToken, access_token: accessToken } = answer;
  if (typeof idToken !== "string") throw new Error("the provider gave no id token");
  const keys = createRemoteJWKSet(new URL(requireSafe("jwks_uri", endpoints["jwks_uri"])), {
    timeoutDuration: patience,
  });
  const { payload } = await jwtVerify(idToken, keys, {
    algorithms,
    issuer,
    audience: clientId,
    requiredClaims: ["sub", "exp", "iat"],
    currentDate: asked.now,
  });
  if (payload["nonce"] !== asked.nonce) throw new Error('unexpected "nonce" claim value');
  const several = Array.isArray(payload.aud) && payload.aud.length > 1;
  if ((several || payload["azp"] !== undefined) && payload["azp"] !== clientId)
    throw new Error('unexpected "azp" claim value');
  const sub = payload.sub ?? "";
  if (sub === "") throw new Error("the id token names nobody");
  const about = endpoints["attributes_url"];
  if (about === undefined || typeof accessToken !== "string") return { ...payload, sub };
  const info = await getJson(requireSafe("attributes_url", about), {
    headers: { authorization: `Bearer ${accessToken}`, accept: "application/json" },
  });
  if (info["sub"] !== sub) throw new Error("the user info is somebody else's");
  return { ...info, ...payload, sub };
};
