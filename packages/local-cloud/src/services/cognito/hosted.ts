import { createHash, randomBytes } from "node:crypto";
import { type AwsRequest, type AwsResponse, notImplemented } from "../../gateway/service.ts";
import { restError } from "../../protocols/rest.ts";
import { federatedUser } from "./federated-users.ts";
import { type Asked, type Sent, type Waiting } from "./hosted-state.ts";
import { tokenEndpoint } from "./hosted-token.ts";
import { needProvider, secretOf } from "./identity-providers.ts";
import type { Client, IdentityProvider } from "./model.ts";
import { claimsFor } from "./oidc.ts";
import { type Cognito, needPool } from "./state.ts";

/** Where a domain's endpoints are on this machine. */
const HOSTED = /^\/cognito\/([a-z0-9-]{1,63})\/oauth2\/(authorize|idpresponse|token)$/;

export const isHosted = (url: URL): boolean => HOSTED.test(url.pathname);

/** Binds the answer of a provider to the browser that was sent there. */
const COOKIE = "csrf-state";

const S256 = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

const redirect = (to: string, headers: Record<string, string> = {}): AwsResponse => ({
  status: 302,
  headers: { location: to, "cache-control": "no-store", ...headers },
});

const withQuery = (uri: string, values: Readonly<Record<string, string | undefined>>): string => {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(values)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
};

/** What cannot be told to the application, as it is not known that it is one. */
const page = (error: string, description: string): AwsResponse => ({
  status: 400,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify({ error, error_description: description }),
});

/** The error page of the application, at an address that is its own. */
const tell = ({ redirectUri, state }: Pick<Asked, "redirectUri" | "state">, error: string, description: string) =>
  redirect(withQuery(redirectUri, { error, error_description: description, state }));

const providersOf = ({ settings }: Client): readonly string[] => settings.SupportedIdentityProviders ?? ["COGNITO"];

/** Whether the client may still be signed in to by this provider. */
const providerFor = (cognito: Cognito, client: Client | undefined, name: string): IdentityProvider | undefined =>
  client !== undefined && providersOf(client).includes(name)
    ? cognito.providers.get(`${client.poolId}/${name}`)
    : undefined;

const authorize = (cognito: Cognito, waiting: Waiting, poolId: string, url: URL, base: string): AwsResponse => {
  const given = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const client = cognito.clients.get(given("client_id") ?? "");
  if (client?.poolId !== poolId) return page("invalid_request", "Client does not exist.");
  const { settings } = client;
  const redirectUri = given("redirect_uri") ?? "";
  if (!(settings.CallbackURLs ?? []).includes(redirectUri)) return page("redirect_mismatch", "redirect_mismatch");
  const state = given("state");
  const back = { redirectUri, ...(state === undefined ? {} : { state }) };
  if (given("response_type") !== "code") return tell(back, "unsupported_response_type", "Only code is there.");
  if (settings.AllowedOAuthFlowsUserPoolClient !== true || settings.AllowedOAuthFlows?.includes("code") !== true)
    return tell(back, "unauthorized_client", "The client may not use the code flow.");
  const allowed = settings.AllowedOAuthScopes ?? [];
  const scopes = given("scope")?.split(" ").filter(Boolean) ?? allowed;
  if (!scopes.every((scope) => allowed.includes(scope))) return tell(back, "invalid_scope", "invalid_scope");
  const challenge = given("code_challenge");
  if (challenge !== undefined && given("code_challenge_method") !== "S256")
    return tell(back, "invalid_request", "code_challenge_method must be S256");
  const federated = providersOf(client).filter((name) => name !== "COGNITO");
  const name = given("identity_provider") ?? (federated.length === 1 ? federated[0] : undefined);
  if (name === undefined || name === "COGNITO") throw notImplemented("cognito-idp", "the hosted sign-in page");
  const provider = providerFor(cognito, client, name);
  const { authorize_url: to, client_id: id, authorize_scopes: asks } = provider?.details ?? {};
  if (provider === undefined || to === undefined)
    return tell(back, "invalid_request", "Login option is not available.");

  const [providerNonce, verifier] = [randomBytes(32).toString("base64url"), randomBytes(32).toString("base64url")];
  const nonce = given("nonce");
  const sent = waiting.sent.put({
    poolId,
    clientId: client.id,
    ...back,
    scopes,
    ...(nonce === undefined ? {} : { nonce }),
    ...(challenge === undefined ? {} : { challenge }),
    provider: name,
    providerNonce,
    verifier,
  });
  const location = withQuery(to, {
    response_type: "code",
    client_id: id,
    redirect_uri: `${base}/oauth2/idpresponse`,
    scope: asks,
    state: sent,
    nonce: providerNonce,
    code_challenge: S256(verifier),
    code_challenge_method: "S256",
  });
  return redirect(location, { "set-cookie": `${COOKIE}=${sent}; Path=/; HttpOnly; SameSite=Lax; Max-Age=300` });
};

const cookieOf = (request: AwsRequest): string | undefined =>
  (request.headers.cookie ?? "")
    .split(/;\s*/)
    .find((one) => one.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);

/** A user comes back from their provider. */
const idpResponse = async (
  cognito: Cognito,
  waiting: Waiting,
  poolId: string,
  request: AwsRequest,
  base: string,
): Promise<AwsResponse> => {
  const query = request.url.searchParams;
  const state = query.get("state") ?? "";
  const sent = cookieOf(request) === state ? waiting.sent.take(state) : undefined;
  if (sent?.poolId !== poolId) return page("invalid_request", "An error was encountered with the requested page.");
  const provider = providerFor(cognito, cognito.clients.get(sent.clientId), sent.provider);
  if (provider === undefined) return tell(sent, "invalid_request", "Login option is not available.");
  const error = query.get("error");
  if (error !== null) return tell(sent, error, query.get("error_description") ?? error);
  try {
    const code = await grant(cognito, waiting, provider, sent, { code: query.get("code") ?? "", base });
    return redirect(withQuery(sent.redirectUri, { code, state: sent.state }));
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : "failed";
    cognito.host.log(`cognito: ${provider.name} signed nobody in: ${why}`);
    return tell(sent, "invalid_request", `Error in ${provider.name} response: ${why}`);
  }
};

const grant = async (
  cognito: Cognito,
  waiting: Waiting,
  provider: IdentityProvider,
  sent: Sent,
  { code, base }: { readonly code: string; readonly base: string },
): Promise<string> => {
  const claims = await claimsFor({
    issuer: provider.details["oidc_issuer"] ?? "",
    clientId: provider.details["client_id"] ?? "",
    secret: secretOf(cognito, provider),
    endpoints: provider.details,
    code,
    redirectUri: `${base}/oauth2/idpresponse`,
    verifier: sent.verifier,
    nonce: sent.providerNonce,
    now: new Date(cognito.now() * 1000),
  });
  // The provider may have been taken away meanwhile.
  const current = needProvider(cognito, sent.poolId, provider.name);
  const user = federatedUser(cognito, needPool(cognito, sent.poolId), current, claims);
  const { provider: _, providerNonce: __, verifier: ___, ...asked } = sent;
  return waiting.granted.put({ ...asked, username: user.username });
};

/** The OAuth endpoints of a pool's domain, for users who come from its identity providers. */
export const hosted = async (cognito: Cognito, waiting: Waiting, request: AwsRequest): Promise<AwsResponse> => {
  try {
    const [, name = "", endpoint] = HOSTED.exec(request.url.pathname) ?? [];
    const domain = cognito.domains.get(name);
    if (domain === undefined) return page("invalid_request", "There is no such domain.");
    const base = `${cognito.host.endpoint}/cognito/${name}`;
    const { method } = request;
    if (endpoint === "authorize" && method === "GET")
      return authorize(cognito, waiting, domain.poolId, request.url, base);
    if (endpoint === "idpresponse" && method === "GET")
      return await idpResponse(cognito, waiting, domain.poolId, request, base);
    if (endpoint === "token" && method === "POST") return await tokenEndpoint(cognito, waiting, domain.poolId, request);
    throw notImplemented("cognito-idp", `${method} ${request.url.pathname}`);
  } catch (error) {
    return restError(error);
  }
};
