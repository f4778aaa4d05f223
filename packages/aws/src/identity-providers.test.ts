import {
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  CreateUserPoolDomainCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  ListGroupsCommand,
  ListIdentityProvidersCommand,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { Problem } from "@tenantry/core/problem";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { openBrowser, startProvider } from "@tenantry/local-cloud/services/cognito/oidc-provider.testing";
import { cognito } from "@tenantry/local-cloud/services/cognito/part";
import { email as emailPart } from "@tenantry/local-cloud/services/email/part";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cognitoSso, providerPrefix } from "./identity-providers.ts";
import { cognitoUsers, type SharedIdentity } from "./identity.ts";

const id = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S8";
const otherId = "ten_01JD5V8Q9T6Y3ZK0M4N7P2R5S9";
const callback = "http://localhost:9/in";

let cloud: TestCloud;
let sdk: CognitoIdentityProviderClient;
let shared: SharedIdentity;
let provider: Awaited<ReturnType<typeof startProvider>>;
let redirects: string[] = [];

beforeAll(async () => {
  cloud = await startTestCloud([cognito, emailPart]);
  sdk = new CognitoIdentityProviderClient(cloud.client());
  const { UserPool } = await sdk.send(
    new CreateUserPoolCommand({
      PoolName: "users",
      UsernameAttributes: ["email"],
      Schema: [{ Name: "invited_for", AttributeDataType: "String" }],
    }),
  );
  const userPoolId = UserPool!.Id!;
  await sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: userPoolId, Domain: "users" }));
  const { UserPoolClient } = await sdk.send(
    new CreateUserPoolClientCommand({
      UserPoolId: userPoolId,
      ClientName: "SignIn",
      ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      AccessTokenValidity: 20,
      TokenValidityUnits: { AccessToken: "minutes" },
    }),
  );
  shared = { userPoolId, clientId: UserPoolClient!.ClientId!, poolName: "tenantry-test-" };
  provider = await startProvider([{ sub: "ada", email: "ada@acme.example" }], () => redirects);
});
afterAll(async () => {
  await provider.close();
  await cloud.close();
});

const users = () => cognitoUsers(shared, sdk);
const ensure = async (tenantId: string, slug: string, isolation: "bridge" | "silo") => {
  const made = await users().ensure({ tenantId, slug, isolation, email: `owner@${slug}.example` });
  return { user_pool_id: made.user_pool_id, client_id: made.client_id!, tenant_id: tenantId };
};
type Client = Awaited<ReturnType<typeof ensure>>;
const release = (tenantId: string, slug: string, tier: "business" | "premium") =>
  users().release(aTenant({ id: tenantId, slug, tier, owner: { email: `owner@${slug}.example` } }), {
    leaving: async () => "free",
    closing: async () => undefined,
  });
const wanted = (issuer = provider.issuer) => ({
  issuer,
  client_id: "tenantry",
  client_secret: "a-secret-of-the-provider-s-client",
  scopes: ["openid", "email"],
  email_domains: [],
  callback_urls: [callback],
});
const clientOf = async ({ user_pool_id: UserPoolId, client_id: ClientId }: Client) =>
  (await sdk.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId }))).UserPoolClient;
const providersIn = async (UserPoolId: string) =>
  (await sdk.send(new ListIdentityProvidersCommand({ UserPoolId }))).Providers?.map(({ ProviderName }) => ProviderName);

/** A user of the provider signs in, and so is made. */
const signIn = async (client: Client, domain: string) => {
  const base = `${cloud.host.endpoint}/cognito/${domain}/oauth2`;
  redirects = [...redirects, `${base}/idpresponse`];
  provider.begin();
  const query = new URLSearchParams({ response_type: "code", client_id: client.client_id, redirect_uri: callback });
  const back = await openBrowser("ada").visit(`${base}/authorize?${query.toString()}`, callback);
  expect(back.searchParams.get("code"), back.href).not.toBeNull();
};

test("a provider is on the tenant's client alone, whose other settings stay", async () => {
  const client = await ensure(id, "acme", "bridge");
  const other = await ensure(otherId, "other", "bridge");
  const before = await clientOf(client);
  const sso = cognitoSso(sdk);
  const name = sso.nameOf(id, provider.issuer);
  expect(name).toMatch(/^[a-z0-9]{16}-[a-z0-9]{15}$/);
  expect(await sso.put(client, wanted())).toEqual({ domain: "users" });
  expect(await sso.put(client, wanted())).toEqual({ domain: "users" });
  const changed = await clientOf(client);
  expect(changed).toMatchObject({
    SupportedIdentityProviders: ["COGNITO", name],
    CallbackURLs: [callback],
    AllowedOAuthFlows: ["code"],
    AllowedOAuthFlowsUserPoolClient: true,
  });
  for (const kept of ["ClientName", "ExplicitAuthFlows", "AccessTokenValidity", "TokenValidityUnits"] as const)
    expect(changed?.[kept]).toEqual(before?.[kept]);
  expect(changed?.PreventUserExistenceErrors).toBe("ENABLED");
  expect((await clientOf(other))?.SupportedIdentityProviders).toEqual(["COGNITO"]);
  expect(await providersIn(shared.userPoolId)).toEqual([name]);

  await sso.remove(client);
  await sso.remove(client);
  const after = await clientOf(client);
  expect(after).toMatchObject({ SupportedIdentityProviders: ["COGNITO"], AllowedOAuthFlowsUserPoolClient: false });
  expect(after?.CallbackURLs).toBeUndefined();
  expect(after?.ExplicitAuthFlows).toEqual(before?.ExplicitAuthFlows);
  expect(await providersIn(shared.userPoolId)).toEqual([]);
});

test("each issuer of each tenant has a name of its own", () => {
  const sso = cognitoSso(sdk);
  const names = [id, otherId].flatMap((tenant) =>
    ["https://a.example", "https://a.example/"].map((of) => sso.nameOf(tenant, of)),
  );
  expect(new Set(names).size).toBe(4);
  expect(names[0]?.startsWith(providerPrefix(id))).toBe(true);
});

test("a provider that does not answer is refused, and changes nothing", async () => {
  const client = await ensure(id, "acme", "bridge");
  const refused = await cognitoSso(sdk)
    .put(client, wanted("http://localhost:1"))
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Problem);
  expect(refused).toMatchObject({ code: "sso-issuer-refused", errors: [{ pointer: "/issuer" }] });
  expect((await clientOf(client))?.SupportedIdentityProviders).toEqual(["COGNITO"]);
});

test("a release takes the shared pool's provider, its users and their group, and leaves other tenants' there", async () => {
  const client = await ensure(id, "acme", "bridge");
  const other = await ensure(otherId, "other", "bridge");
  for (const each of [client, other]) await signIn(each, (await cognitoSso(sdk).put(each, wanted())).domain);
  const federated = async () =>
    (
      await sdk.send(
        new ListUsersCommand({ UserPoolId: shared.userPoolId, Filter: 'cognito:user_status = "EXTERNAL_PROVIDER"' }),
      )
    ).Users?.map(({ Username }) => Username);
  const groups = async () =>
    (await sdk.send(new ListGroupsCommand({ UserPoolId: shared.userPoolId }))).Groups?.map(
      ({ GroupName }) => GroupName,
    );
  expect([(await federated())?.length, (await groups())?.length]).toEqual([2, 2]);

  await release(id, "acme", "business");
  await release(id, "acme", "business");
  const left = cognitoSso(sdk).nameOf(otherId, provider.issuer);
  expect(await providersIn(shared.userPoolId)).toEqual([left]);
  expect(await federated()).toEqual([`${left}_ada`]);
  expect(await groups()).toEqual([`${shared.userPoolId}_${left}`]);
  await sdk.send(new AdminGetUserCommand({ UserPoolId: shared.userPoolId, Username: "owner@other.example" }));
});

test("a release takes a pool of the tenant's own with its domain", async () => {
  const client = await ensure(id, "own", "silo");
  expect(client.user_pool_id).not.toBe(shared.userPoolId);
  const { domain } = await cognitoSso(sdk).put(client, wanted());
  expect(domain).toMatch(/^tenantry-[0-9a-f]{32}$/);
  await signIn(client, domain);
  await release(id, "own", "premium");
  const gone = sdk.send(new DescribeUserPoolCommand({ UserPoolId: client.user_pool_id }));
  await expect(gone).rejects.toThrow("does not exist");
});
