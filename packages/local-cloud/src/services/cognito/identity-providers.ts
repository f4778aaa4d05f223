import { AwsError, notImplemented } from "../../gateway/service.ts";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalNumber, optionalText, page, text, textMap } from "../input.ts";
import type { IdentityProvider } from "./model.ts";
import { discover } from "./oidc.ts";
import { type Cognito, invalidParameter, needPool, notFound } from "./state.ts";

const keyOf = (poolId: string, name: string): string => `${poolId}/${name}`;

export const needProvider = (cognito: Cognito, poolId: string, name: string): IdentityProvider => {
  const provider = cognito.providers.get(keyOf(poolId, name));
  if (!provider) throw notFound(`Identity provider ${name} does not exist.`);
  return provider;
};

export const secretOf = (cognito: Cognito, { poolId, name, sealed }: IdentityProvider): string =>
  cognito.seal.open(sealed, keyOf(poolId, name));

/** As AWS does, with the secret. */
const describe = (cognito: Cognito, provider: IdentityProvider): Record<string, unknown> => ({
  UserPoolId: provider.poolId,
  ProviderName: provider.name,
  ProviderType: "OIDC",
  ProviderDetails: { ...provider.details, client_secret: secretOf(cognito, provider) },
  AttributeMapping: provider.mapping,
  IdpIdentifiers: [],
  CreationDate: provider.createdAt,
  LastModifiedDate: provider.changedAt,
});

const required = ["client_id", "client_secret", "oidc_issuer", "authorize_scopes", "attributes_request_method"];

/** Keeps a provider whose issuer answers. */
const put = async (
  cognito: Cognito,
  poolId: string,
  name: string,
  all: Readonly<Record<string, string>>,
  mapping: Readonly<Record<string, string>>,
): Promise<unknown> => {
  const missing = required.find((one) => !all[one]);
  if (missing !== undefined) throw invalidParameter(`${missing} is required in ProviderDetails.`);
  const { client_secret: secret = "", ...details } = all;
  const { endpoints } = await discover(details["oidc_issuer"] ?? "").catch((error: unknown) => {
    throw invalidParameter(
      `Unable to contact well-known endpoint: ${error instanceof Error ? error.message : "failed"}`,
    );
  });
  const now = cognito.now();
  const provider: IdentityProvider = {
    poolId,
    name,
    details: { ...details, ...endpoints, attributes_url_add_attributes: "false" },
    sealed: cognito.seal.seal(secret, keyOf(poolId, name)),
    mapping: { username: "sub", ...mapping },
    createdAt: cognito.providers.get(keyOf(poolId, name))?.createdAt ?? now,
    changedAt: now,
  };
  cognito.providers.put(keyOf(poolId, name), provider);
  return { IdentityProvider: describe(cognito, provider) };
};

const create = async (cognito: Cognito, input: Input): Promise<unknown> => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  const name = text(input, "ProviderName");
  const type = text(input, "ProviderType");
  if (type !== "OIDC") throw notImplemented("cognito-idp", `CreateIdentityProvider ${type}`);
  if (!/^[^_\s\p{Z}][^_\p{Z}]{0,31}$/u.test(name) || name === "COGNITO")
    throw invalidParameter("1 validation error detected: Value at 'providerName' failed to satisfy constraint.");
  if (cognito.providers.get(keyOf(pool.id, name)) !== undefined)
    throw new AwsError("DuplicateProviderException", `A provider with the name ${name} already exists.`);
  return put(cognito, pool.id, name, textMap(input, "ProviderDetails"), textMap(input, "AttributeMapping"));
};

const update = async (cognito: Cognito, input: Input): Promise<unknown> => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  const before = needProvider(cognito, pool.id, text(input, "ProviderName"));
  const details = input["ProviderDetails"] === undefined ? {} : textMap(input, "ProviderDetails");
  const mapping = input["AttributeMapping"] === undefined ? before.mapping : textMap(input, "AttributeMapping");
  const kept = { ...before.details, client_secret: secretOf(cognito, before) };
  return put(cognito, pool.id, before.name, { ...kept, ...details }, mapping);
};

/** The actions on identity providers: OIDC alone. */
export const providerActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => ({
  CreateIdentityProvider: (input: Input) => create(cognito, input),
  UpdateIdentityProvider: (input: Input) => update(cognito, input),
  DescribeIdentityProvider(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    return { IdentityProvider: describe(cognito, needProvider(cognito, pool.id, text(input, "ProviderName"))) };
  },
  DeleteIdentityProvider(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const { name } = needProvider(cognito, pool.id, text(input, "ProviderName"));
    cognito.providers.delete(keyOf(pool.id, name));
    return undefined;
  },
  ListIdentityProviders(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const all = cognito.providers.list(`${pool.id}/`).map(({ value }) => value);
    const size = optionalNumber(input, "MaxResults") ?? 60;
    const { items, next } = page(all, ({ name }) => name, size, optionalText(input, "NextToken"));
    return {
      Providers: items.map((one) => ({
        ProviderName: one.name,
        ProviderType: "OIDC",
        CreationDate: one.createdAt,
        LastModifiedDate: one.changedAt,
      })),
      NextToken: next,
    };
  },
});
