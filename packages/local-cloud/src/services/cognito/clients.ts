import { createHmac, timingSafeEqual } from "node:crypto";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalNumber, optionalText, page, text, texts } from "../input.ts";
import type { Client, ClientSettings } from "./model.ts";
import { type Cognito, invalidParameter, needClient, needPool, notAuthorized, randomName } from "./state.ts";

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a, "utf8"), Buffer.from(b, "utf8")];
  return left.length === right.length && timingSafeEqual(left, right);
};

/**
 * A client with a secret proves it by SECRET_HASH, the HMAC of a name of the user and the client's id.
 * @param names what the user may have been called in it
 */
export const requireSecretHash = (client: Client, hash: string | undefined, names: readonly string[]): void => {
  if (client.secret === undefined) return;
  const { secret, id } = client;
  if (hash === undefined)
    throw notAuthorized(`Client ${id} is configured with secret but SECRET_HASH was not received`);
  const known = names.some((name) => same(createHmac("sha256", secret).update(`${name}${id}`).digest("base64"), hash));
  if (!known) throw notAuthorized(`SecretHash does not match for the client: ${id}`);
};

/** For the calls that send the secret itself. */
export const requireSecret = (client: Client, secret: string | undefined): void => {
  if (client.secret !== undefined && !same(client.secret, secret ?? ""))
    throw notAuthorized("Client secret does not match.");
};

const FLOWS = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"];

/** Whether the client may use a flow; the names without `ALLOW_` are the older ones. */
export const allowsFlow = (client: Client, flow: string): boolean => {
  const flows = client.settings.ExplicitAuthFlows ?? FLOWS;
  return flows.includes(`ALLOW_${flow}`) || flows.includes(flow);
};

const SECONDS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;

/** How long a client's tokens live, in seconds. */
export const validityOf = ({ settings }: Client, token: "AccessToken" | "IdToken" | "RefreshToken"): number => {
  const [unit, usual] = token === "RefreshToken" ? (["days", 30] as const) : (["hours", 1] as const);
  return (settings[`${token}Validity`] || usual) * SECONDS[settings.TokenValidityUnits?.[token] ?? unit];
};

/** Creates a client, or gives it new settings. */
export const putClient = (
  cognito: Cognito,
  wanted: { readonly id: string; readonly poolId: string; readonly secret?: string; readonly settings: ClientSettings },
): Client => {
  const access = validityOf({ ...wanted, createdAt: 0, changedAt: 0 }, "AccessToken");
  if (access < 300 || access > 86_400)
    throw invalidParameter("Invalid range for token validity: access tokens live from 5 minutes to 1 day.");
  const createdAt = cognito.clients.get(wanted.id)?.createdAt ?? cognito.now();
  const client: Client = { ...wanted, createdAt, changedAt: cognito.now() };
  cognito.clients.put(client.id, client);
  return client;
};

const describe = (client: Client): Record<string, unknown> => ({
  ...client.settings,
  UserPoolId: client.poolId,
  ClientId: client.id,
  ClientSecret: client.secret,
  ExplicitAuthFlows: client.settings.ExplicitAuthFlows ?? FLOWS,
  CreationDate: client.createdAt,
  LastModifiedDate: client.changedAt,
});

/** @throws AwsError for a provider that the pool does not have */
const requireProviders = (cognito: Cognito, poolId: string, input: Input): void => {
  for (const name of texts(input, "SupportedIdentityProviders"))
    if (name !== "COGNITO" && cognito.providers.get(`${poolId}/${name}`) === undefined)
      throw invalidParameter(`The provider ${name} does not exist for User Pool ${poolId}.`);
  if (input["AllowedOAuthFlowsUserPoolClient"] !== true) return;
  const flows = texts(input, "AllowedOAuthFlows");
  if (flows.includes("code") && texts(input, "CallbackURLs").length === 0)
    throw invalidParameter("Invalid OAuth configuration: a callback URL is required.");
};

/** As Cognito does: what the request leaves out goes back to its default. */
const updateClient = (cognito: Cognito, input: Input): unknown => {
  const {
    id,
    poolId,
    secret,
    settings: before,
  } = needClient(cognito, text(input, "ClientId"), text(input, "UserPoolId"));
  requireProviders(cognito, poolId, input);
  const { UserPoolId: _, ClientId: __, ...settings } = input;
  const named = { ClientName: before.ClientName, ...settings } as ClientSettings;
  return {
    UserPoolClient: describe(
      putClient(cognito, { id, poolId, ...(secret === undefined ? {} : { secret }), settings: named }),
    ),
  };
};

const createClient = (cognito: Cognito, input: Input): unknown => {
  const pool = needPool(cognito, text(input, "UserPoolId"));
  text(input, "ClientName");
  requireProviders(cognito, pool.id, input);
  const { UserPoolId: _, GenerateSecret, ...settings } = input;
  const id = randomName(26, "abcdefghijklmnopqrstuvwxyz0123456789");
  const secret = GenerateSecret === true ? { secret: randomName(51) } : {};
  return { UserPoolClient: describe(putClient(cognito, { id, poolId: pool.id, ...secret, settings })) };
};

/** The actions on app clients. */
export const clientActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => ({
  CreateUserPoolClient: (input: Input) => createClient(cognito, input),
  UpdateUserPoolClient: (input: Input) => updateClient(cognito, input),
  DescribeUserPoolClient: (input: Input) => ({
    UserPoolClient: describe(needClient(cognito, text(input, "ClientId"), text(input, "UserPoolId"))),
  }),
  DeleteUserPoolClient(input: Input) {
    cognito.clients.delete(needClient(cognito, text(input, "ClientId"), text(input, "UserPoolId")).id);
  },
  ListUserPoolClients(input: Input) {
    const pool = needPool(cognito, text(input, "UserPoolId"));
    const clients = cognito.clients.list().flatMap(({ value }) => (value.poolId === pool.id ? [value] : []));
    const size = optionalNumber(input, "MaxResults") ?? 60;
    const { items, next } = page(clients, ({ id }) => id, size, optionalText(input, "NextToken"));
    return {
      UserPoolClients: items.map(({ id, poolId, settings }) => ({
        ClientId: id,
        UserPoolId: poolId,
        ClientName: settings.ClientName,
      })),
      NextToken: next,
    };
  },
});
