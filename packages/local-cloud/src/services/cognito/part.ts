import { type AwsRequest, type AwsResponse, notImplemented, type Service } from "../../gateway/service.ts";
import type { Part, PartFactory } from "../../part.ts";
import { jsonService } from "../../protocols/json.ts";
import { restError } from "../../protocols/rest.ts";
import type { Input } from "../input.ts";
import { adminUserActions } from "./admin-users.ts";
import { applyCognito, types } from "./apply.ts";
import { authActions } from "./auth-actions.ts";
import { clientActions } from "./clients.ts";
import { domainActions } from "./domains.ts";
import { groupActions } from "./groups.ts";
import { hosted, isHosted } from "./hosted.ts";
import { openWaiting } from "./hosted-state.ts";
import { providerActions } from "./identity-providers.ts";
import { keySet } from "./keys.ts";
import { listUsers } from "./list-users.ts";
import { cognitoPermissions } from "./permissions.ts";
import { poolActions } from "./pools.ts";
import { type Clock, type Cognito, needPool, openCognito } from "./state.ts";
import { issuerOf } from "./tokens.ts";

const WELL_KNOWN = /^\/([\w-]+_[A-Za-z0-9]+)\/\.well-known\/(jwks\.json|openid-configuration)$/;

/** What anybody may read of a pool: its keys, and where they are. */
const wellKnown = async (cognito: Cognito, url: URL): Promise<unknown> => {
  const [, poolId = "", document] = WELL_KNOWN.exec(url.pathname) ?? [];
  const pool = needPool(cognito, poolId);
  if (document === "jwks.json") return keySet(cognito, pool.id);
  return {
    issuer: issuerOf(cognito.host.region, pool.id),
    // Where the keys are on this machine; the issuer is AWS's own, for tokens are as they would be there.
    jwks_uri: `${cognito.host.endpoint}/${pool.id}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "token"],
    scopes_supported: ["openid", "email", "phone", "profile"],
    subject_types_supported: ["public"],
  };
};

const cognitoService = (cognito: Cognito): Service => {
  const claims = (url: URL): boolean => WELL_KNOWN.test(url.pathname) || isHosted(url);
  const waiting = openWaiting(cognito.now);
  const json = jsonService({
    name: "cognito-idp",
    target: "AWSCognitoIdentityProviderService",
    version: "1.1",
    actions: {
      ...poolActions(cognito),
      ...clientActions(cognito),
      ...providerActions(cognito),
      ...domainActions(cognito),
      ...adminUserActions(cognito),
      ...groupActions(cognito),
      ...authActions(cognito),
      ListUsers: (input: Input) => listUsers(cognito, input),
    },
  });
  const readDocument = async ({ method, url }: AwsRequest): Promise<AwsResponse> => {
    try {
      if (method !== "GET") throw notImplemented("cognito-idp", `${method} ${url.pathname}`);
      const body = JSON.stringify(await wellKnown(cognito, url));
      return {
        status: 200,
        headers: { "content-type": "application/json", "cache-control": "public, max-age=86400" },
        body,
      };
    } catch (error) {
      return restError(error);
    }
  };
  return {
    ...json,
    claims,
    permissions: (request) => cognitoPermissions(cognito, request, json.action(request) ?? ""),
    handle: (request) => {
      if (isHosted(request.url)) return hosted(cognito, waiting, request);
      return claims(request.url) ? readDocument(request) : json.handle(request);
    },
  };
};

/** The part with a clock of the caller's. */
export const cognitoPart = (host: Parameters<PartFactory>[0], clock: Clock): Part => {
  const cognito = openCognito(host, clock);
  return {
    name: "cognito",
    services: [cognitoService(cognito)],
    types,
    apply: (graph) => applyCognito(cognito, graph),
  };
};

/** Cognito user pools: own keys per pool, scrypt for passwords, tokens with Cognito's claims. */
export const cognito: PartFactory = async (host) => cognitoPart(host, () => Date.now() / 1000);
