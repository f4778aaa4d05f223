import { createHash } from "node:crypto";
import {
  CognitoIdentityProviderClient,
  CreateIdentityProviderCommand,
  CreateUserPoolDomainCommand,
  DeleteGroupCommand,
  DeleteIdentityProviderCommand,
  DescribeIdentityProviderCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  InvalidParameterException,
  LimitExceededException,
  paginateListIdentityProviders,
  ResourceNotFoundException,
  UpdateIdentityProviderCommand,
  UpdateUserPoolClientCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Problem } from "@tenantry/core/problem";
import type { AppClient, SsoProviders } from "@tenantry/core/sso/ports";
import { appScopes, type PutSso } from "@tenantry/core/sso/settings";
import { hostedFor } from "./endpoint.ts";

/** How the names of a tenant's providers, and of users who come from them, begin: the random half of its ULID. */
export const providerPrefix = (tenantId: string): string => `${tenantId.slice(-16).toLowerCase()}-`;

/**
 * A provider's name has 32 characters at most, and is part of its users' names. The issuer's hash fills it up, 77 bits of
 * it: nobody finds an issuer whose users would be taken for those of another.
 */
const nameOf = (tenantId: string, issuer: string): string => {
  const hash = BigInt(`0x${createHash("sha256").update(`${tenantId} ${issuer}`).digest("hex")}`).toString(36);
  return `${providerPrefix(tenantId)}${hash.slice(0, 15)}`;
};

const none = (error: unknown): undefined => {
  if (error instanceof ResourceNotFoundException) return undefined;
  throw error;
};

/** A provider's name as Cognito lists it, by tenant. */
export const providersOf = async (
  client: CognitoIdentityProviderClient,
  pool: string,
  tenantId: string,
): Promise<string[]> => {
  const found: string[] = [];
  for await (const page of paginateListIdentityProviders({ client, pageSize: 60 }, { UserPoolId: pool }))
    for (const { ProviderName = "" } of page.Providers ?? [])
      if (ProviderName.startsWith(providerPrefix(tenantId))) found.push(ProviderName);
  return found;
};

export const removeProvider = async (client: CognitoIdentityProviderClient, pool: string, name: string) => {
  await client.send(new DeleteIdentityProviderCommand({ UserPoolId: pool, ProviderName: name })).catch(none);
};

/** The group that Cognito makes of a provider's users. */
export const removeProviderGroup = async (client: CognitoIdentityProviderClient, pool: string, name: string) => {
  await client.send(new DeleteGroupCommand({ UserPoolId: pool, GroupName: `${pool}_${name}` })).catch(none);
};

/** Cognito's identity providers. A change of a client leaves out nothing, as what is left out goes back to its default. */
export const cognitoSso = (client = new CognitoIdentityProviderClient({})): SsoProviders => {
  const ensureDomain = async (pool: string): Promise<string> => {
    const { UserPool } = await client.send(new DescribeUserPoolCommand({ UserPoolId: pool }));
    if (UserPool?.Domain !== undefined) return UserPool.Domain;
    // One of all the names that AWS's customers share in a region. A run at the same time takes the same.
    const Domain = `tenantry-${createHash("sha256").update(pool).digest("hex").slice(0, 32)}`;
    await client.send(new CreateUserPoolDomainCommand({ UserPoolId: pool, Domain })).catch(async (error: unknown) => {
      const again = await client.send(new DescribeUserPoolCommand({ UserPoolId: pool }));
      if (again.UserPool?.Domain !== Domain) throw error;
    });
    return Domain;
  };

  const ensureProvider = async (pool: string, name: string, wanted: PutSso): Promise<void> => {
    const settings = {
      UserPoolId: pool,
      ProviderName: name,
      ProviderDetails: {
        client_id: wanted.client_id,
        client_secret: wanted.client_secret,
        oidc_issuer: wanted.issuer,
        authorize_scopes: wanted.scopes.join(" "),
        attributes_request_method: "GET",
      },
      AttributeMapping: { email: "email", email_verified: "email_verified", name: "name" },
    };
    const there = await client
      .send(new DescribeIdentityProviderCommand({ UserPoolId: pool, ProviderName: name }))
      .catch(none);
    try {
      if (there === undefined)
        await client.send(new CreateIdentityProviderCommand({ ...settings, ProviderType: "OIDC" }));
      else await client.send(new UpdateIdentityProviderCommand(settings));
    } catch (error) {
      if (error instanceof LimitExceededException)
        throw new Problem("quota-used-up", "There is no room for another identity provider.", { cause: error });
      if (!(error instanceof InvalidParameterException)) throw error;
      const detail = "does not answer as an OpenID Connect provider of this issuer";
      throw new Problem("sso-issuer-refused", `The issuer ${detail}.`, {
        errors: [{ pointer: "/issuer", detail }],
        cause: error,
      });
    }
  };

  /** @param wanted undefined to take no provider's users any more */
  const changeClient = async (
    { user_pool_id: UserPoolId, client_id: ClientId }: AppClient,
    wanted: { readonly provider: string; readonly callbacks: readonly string[] } | undefined,
  ): Promise<void> => {
    const { UserPoolClient: before } = await client.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId }));
    const {
      ClientSecret: _secret,
      CreationDate: _created,
      LastModifiedDate: _changed,
      CallbackURLs: _callbacks,
      AllowedOAuthFlows: _flows,
      AllowedOAuthScopes: _scopes,
      ...kept
    } = before ?? {};
    await client.send(
      new UpdateUserPoolClientCommand({
        ...kept,
        UserPoolId,
        ClientId,
        SupportedIdentityProviders: wanted === undefined ? ["COGNITO"] : ["COGNITO", wanted.provider],
        AllowedOAuthFlowsUserPoolClient: wanted !== undefined,
        ...(wanted === undefined
          ? {}
          : {
              CallbackURLs: [...wanted.callbacks],
              AllowedOAuthFlows: ["code"],
              AllowedOAuthScopes: [...appScopes],
            }),
      }),
    );
  };

  return {
    nameOf,
    async put(where, wanted) {
      const { user_pool_id: pool, tenant_id: tenantId } = where;
      const name = nameOf(tenantId, wanted.issuer);
      await ensureProvider(pool, name, wanted);
      const domain = await ensureDomain(pool);
      await changeClient(where, { provider: name, callbacks: wanted.callback_urls });
      for (const other of await providersOf(client, pool, tenantId))
        if (other !== name) await removeProvider(client, pool, other);
      return { domain };
    },
    async remove(where) {
      await changeClient(where, undefined);
      for (const name of await providersOf(client, where.user_pool_id, where.tenant_id))
        await removeProvider(client, where.user_pool_id, name);
    },
    endpoints(domain) {
      const base = `${hostedFor(domain)}/oauth2`;
      return {
        authorize_url: `${base}/authorize`,
        token_url: `${base}/token`,
        redirect_uri: `${base}/idpresponse`,
      };
    },
  };
};
