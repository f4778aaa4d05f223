import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  CreateIdentityProviderCommand,
  CreateUserPoolDomainCommand,
  DeleteIdentityProviderCommand,
  DeleteUserPoolCommand,
  DeleteUserPoolDomainCommand,
  DescribeIdentityProviderCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  DescribeUserPoolDomainCommand,
  GetUserCommand,
  ListIdentityProvidersCommand,
  ListUsersCommand,
  UpdateIdentityProviderCommand,
  UpdateUserPoolClientCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { createHash, randomBytes } from "node:crypto";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientId, clientSecret, openBrowser, startLyingProvider, startProvider } from "./oidc-provider.testing.ts";
import { claims, failure, startCognito } from "./testing.ts";

const callback = "http://localhost:9/signed-in";
const people = [
  { sub: "ada", email: "ada@acme.example", email_verified: true, name: "Ada" },
  { sub: "ADA", email: "other@acme.example", email_verified: true },
  { sub: "eve", email: "boss@acme.example", email_verified: true, name: "Eve" },
];

// oxlint-disable-next-line typescript/no-explicit-any -- the test looks at what came
const events: any[] = [];
let cloud: Awaited<ReturnType<typeof startCognito>>;
let provider: Awaited<ReturnType<typeof startProvider>>;
let pool: { UserPoolId: string; ClientId: string };
const domain = "acme-sign-in";
const base = () => `${cloud.client.endpoint}/cognito/${domain}`;

const details = (issuer: string) => ({
  client_id: clientId,
  client_secret: clientSecret,
  oidc_issuer: issuer,
  authorize_scopes: "openid email profile",
  attributes_request_method: "GET",
});

const AttributeMapping = { email: "email", email_verified: "email_verified", name: "name" };

const addProvider = (ProviderName: string, issuer: string) =>
  cloud.sdk.send(
    new CreateIdentityProviderCommand({
      UserPoolId: pool.UserPoolId,
      ProviderName,
      ProviderType: "OIDC",
      ProviderDetails: details(issuer),
      AttributeMapping,
    }),
  );

const allow = (...SupportedIdentityProviders: string[]) =>
  cloud.sdk.send(
    new UpdateUserPoolClientCommand({
      ...pool,
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
      PreventUserExistenceErrors: "ENABLED",
      SupportedIdentityProviders,
      CallbackURLs: [callback],
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["openid", "email", "profile"],
      AllowedOAuthFlowsUserPoolClient: true,
    }),
  );

beforeAll(async () => {
  cloud = await startCognito({
    trigger: async (event) => {
      events.push(event);
      const claimsToAddOrOverride = { org_id: "ten_1" };
      const response = { claimsAndScopeOverrideDetails: { accessTokenGeneration: { claimsToAddOrOverride } } };
      return { payload: { ...(event as object), response } };
    },
  });
  provider = await startProvider(people, () => [`${base()}/oauth2/idpresponse`]);
});
afterAll(async () => {
  await provider.close();
  await cloud.close();
});
beforeEach(async () => {
  events.length = 0;
  const trigger = {
    LambdaArn: "arn:aws:lambda:us-east-1:123456789012:function:enrich",
    LambdaVersion: "V2_0",
  } as const;
  pool = await cloud.createPool({ LambdaConfig: { PreTokenGenerationConfig: trigger } });
  await cloud.sdk.send(new DeleteUserPoolDomainCommand({ UserPoolId: "none", Domain: domain })).catch(() => undefined);
  const old = await cloud.sdk.send(new DescribeUserPoolDomainCommand({ Domain: domain }));
  const UserPoolId = old.DomainDescription?.UserPoolId;
  if (UserPoolId) await cloud.sdk.send(new DeleteUserPoolDomainCommand({ UserPoolId, Domain: domain }));
  await cloud.sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: pool.UserPoolId, Domain: domain }));
});

const verifier = randomBytes(32).toString("base64url");

const authorizeUrl = (name: string, more: Record<string, string> = {}): string => {
  const url = new URL(`${base()}/oauth2/authorize`);
  const query = {
    response_type: "code",
    client_id: pool.ClientId,
    redirect_uri: callback,
    scope: "openid email",
    state: "the-application-s-own",
    identity_provider: name,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  };
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url.href;
};

const token = async (form: Record<string, string>) => {
  const response = await fetch(`${base()}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: pool.ClientId, ...form }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const redeem = (code: string | null, more: Record<string, string> = {}) =>
  token({
    grant_type: "authorization_code",
    code: code ?? "",
    redirect_uri: callback,
    code_verifier: verifier,
    ...more,
  });

const enter = async (login: string, name = "acme") => {
  const back = await openBrowser(login).visit(authorizeUrl(name, { nonce: "n-1" }), callback);
  expect(back.searchParams.get("error"), back.href).toBeNull();
  expect(back.searchParams.get("state")).toBe("the-application-s-own");
  return redeem(back.searchParams.get("code"));
};

describe("a user of a real OpenID provider", () => {
  beforeEach(async () => {
    await addProvider("acme", provider.issuer);
    await allow("acme");
  });

  test("is sent there, comes back, and gets the pool's tokens with the trigger's claims", async () => {
    const { status, body } = await enter("ada");
    expect(status, JSON.stringify(body)).toBe(200);
    const access = claims(body["access_token"]);
    expect(access).toMatchObject({
      org_id: "ten_1",
      token_use: "access",
      client_id: pool.ClientId,
      scope: "openid email",
      username: "acme_ada",
      "cognito:groups": [`${pool.UserPoolId}_acme`],
    });
    expect(claims(body["id_token"])).toMatchObject({
      nonce: "n-1",
      aud: pool.ClientId,
      email: "ada@acme.example",
      email_verified: true,
      name: "Ada",
      sub: access["sub"],
      identities: [{ userId: "ada", providerName: "acme", providerType: "OIDC" }],
    });
    expect(access["sub"]).not.toBe("ada");
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      triggerSource: "TokenGeneration_HostedAuth",
      userName: "acme_ada",
      request: { userAttributes: { "cognito:user_status": "EXTERNAL_PROVIDER", email: "ada@acme.example" } },
    });
    expect(JSON.parse(events[0].request.userAttributes.identities)).toMatchObject([{ providerName: "acme" }]);

    const user = await cloud.sdk.send(new AdminGetUserCommand({ UserPoolId: pool.UserPoolId, Username: "acme_ada" }));
    expect(user).toMatchObject({ UserStatus: "EXTERNAL_PROVIDER", Enabled: true });
    // The scopes do not hold what it takes to manage oneself.
    expect(await failure(cloud.sdk.send(new GetUserCommand({ AccessToken: body["access_token"] })))).toContain(
      "required scopes",
    );
    const again = await token({ grant_type: "refresh_token", refresh_token: body["refresh_token"] ?? "" });
    expect(claims(again.body["access_token"])).toMatchObject({
      origin_jti: access["origin_jti"],
      scope: "openid email",
    });
    expect(events.at(-1).triggerSource).toBe("TokenGeneration_RefreshTokens");
    expect(claims((await enter("ada")).body["access_token"])["sub"]).toBe(access["sub"]);
  });

  test("is never a user who was there before, whatever address the provider asserts", async () => {
    const boss = await cloud.createUser(pool.UserPoolId, "boss@acme.example");
    const { body } = await enter("eve");
    expect(claims(body["access_token"])).toMatchObject({ username: "acme_eve" });
    expect(claims(body["access_token"])["sub"]).not.toBe(boss);
    const native = new AdminGetUserCommand({ UserPoolId: pool.UserPoolId, Username: "boss@acme.example" });
    expect(await cloud.sdk.send(native)).toMatchObject({ Username: boss, UserStatus: "CONFIRMED" });
    expect((await cloud.signIn(pool.ClientId, "boss@acme.example")).AuthenticationResult).toBeDefined();
    const { Users } = await cloud.sdk.send(
      new ListUsersCommand({ UserPoolId: pool.UserPoolId, Filter: 'email = "boss@acme.example"' }),
    );
    expect(Users?.map(({ UserStatus }) => UserStatus).toSorted()).toEqual(["CONFIRMED", "EXTERNAL_PROVIDER"]);
  });

  test("does not stand in the way of an invitation to the same address, and has no password", async () => {
    await enter("ada");
    const invite = new AdminCreateUserCommand({ UserPoolId: pool.UserPoolId, Username: "ada@acme.example" });
    expect((await cloud.sdk.send(invite)).User?.UserStatus).toBe("FORCE_CHANGE_PASSWORD");
    for (const password of ["", "x", "Correct-Horse-9"])
      expect(await failure(cloud.signIn(pool.ClientId, "acme_ada", password))).toMatch(
        /NotAuthorizedException|InvalidParameterException/,
      );
  });

  test("is told from another whose name differs by case alone", async () => {
    await enter("ada");
    const back = await openBrowser("ADA").visit(authorizeUrl("acme"), callback);
    expect(back.searchParams.get("error_description")).toContain("somebody else's");
  });

  test("gets nothing for a code that was used, is late, or is another's", async () => {
    const code = async () => (await openBrowser("ada").visit(authorizeUrl("acme"), callback)).searchParams.get("code");
    const first = await code();
    expect((await redeem(first)).status).toBe(200);
    const invalid = { status: 400, body: { error: "invalid_grant" } };
    expect(await redeem(first)).toMatchObject(invalid);
    expect(await redeem(await code(), { code_verifier: "another" })).toMatchObject(invalid);
    expect(await redeem(await code(), { redirect_uri: "http://localhost:9/other" })).toMatchObject(invalid);
    expect(await redeem(await code(), { client_id: "nobody" })).toMatchObject({ body: { error: "invalid_client" } });
    const late = await code();
    cloud.pass(301);
    expect(await redeem(late)).toMatchObject(invalid);
    cloud.pass(-301);
  });

  test("needs the browser that was sent, and once only", async () => {
    const response = await openBrowser("ada").ask(new URL(authorizeUrl("acme")));
    const to = new URL(response.headers.get("location") ?? "");
    expect(to.origin).toBe(provider.issuer);
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      client_id: clientId,
      redirect_uri: `${base()}/oauth2/idpresponse`,
      code_challenge_method: "S256",
      nonce: expect.any(String),
    });
    const state = to.searchParams.get("state") ?? "";
    expect(state).not.toBe("the-application-s-own");
    const answer = (cookie: string) =>
      fetch(`${base()}/oauth2/idpresponse?code=x&state=${state}`, { headers: { cookie }, redirect: "manual" });
    expect((await answer("")).status).toBe(400);
    expect((await answer("csrf-state=other")).status).toBe(400);
    expect((await answer(`csrf-state=${state}`)).status).toBe(302);
    expect((await answer(`csrf-state=${state}`)).status).toBe(400);
  });

  test.for([
    [{ redirect_uri: "http://localhost:9/other" }, 400, undefined],
    [{ client_id: "nobody" }, 400, undefined],
    [{ response_type: "token" }, 302, "unsupported_response_type"],
    [{ scope: "openid phone" }, 302, "invalid_scope"],
    [{ code_challenge_method: "plain" }, 302, "invalid_request"],
    [{ identity_provider: "another" }, 302, "invalid_request"],
  ] as const)("does not begin with %j", async ([more, status, error]) => {
    const response = await openBrowser("ada").ask(new URL(authorizeUrl("acme", more)));
    expect(response.status).toBe(status);
    const to = response.headers.get("location");
    expect(to === null ? undefined : new URL(to).searchParams.get("error")).toBe(error);
  });

  test("is out when the provider is taken away, and the pool goes after its domain alone", async () => {
    const { UserPoolId } = pool;
    await cloud.sdk.send(new DeleteIdentityProviderCommand({ UserPoolId, ProviderName: "acme" }));
    const back = await openBrowser("ada").visit(authorizeUrl("acme"), callback);
    expect(back.searchParams.get("error")).toBe("invalid_request");
    expect((await cloud.sdk.send(new DescribeUserPoolCommand({ UserPoolId }))).UserPool?.Domain).toBe(domain);
    expect(await failure(cloud.sdk.send(new DeleteUserPoolCommand({ UserPoolId })))).toContain("domain configured");
    await cloud.sdk.send(new DeleteUserPoolDomainCommand({ UserPoolId, Domain: domain }));
    await cloud.sdk.send(new DeleteUserPoolCommand({ UserPoolId }));
  });
});

describe("an identity provider", () => {
  test("is described, changed and listed", async () => {
    const { UserPoolId } = pool;
    await addProvider("acme", provider.issuer);
    expect(await failure(addProvider("acme", provider.issuer))).toContain("DuplicateProviderException");
    await cloud.sdk.send(
      new UpdateIdentityProviderCommand({
        UserPoolId,
        ProviderName: "acme",
        ProviderDetails: { ...details(provider.issuer), client_id: "another" },
      }),
    );
    const { IdentityProvider } = await cloud.sdk.send(
      new DescribeIdentityProviderCommand({ UserPoolId, ProviderName: "acme" }),
    );
    expect(IdentityProvider).toMatchObject({
      ProviderDetails: { client_id: "another", client_secret: clientSecret, token_url: `${provider.issuer}/token` },
      AttributeMapping,
    });
    const { Providers } = await cloud.sdk.send(new ListIdentityProvidersCommand({ UserPoolId }));
    expect(Providers).toMatchObject([{ ProviderName: "acme", ProviderType: "OIDC" }]);
  });

  test("must answer, be there for a client, and be OIDC", async () => {
    expect(await failure(addProvider("acme", "http://localhost:1"))).toContain("Unable to contact well-known endpoint");
    expect(await failure(addProvider("acme", "http://10.0.0.1"))).toContain("Unable to contact well-known endpoint");
    expect(await failure(allow("nobody"))).toContain("does not exist");
    await addProvider("acme", provider.issuer);
    await allow("acme");
    const { UserPoolClient } = await cloud.sdk.send(new DescribeUserPoolClientCommand(pool));
    expect(UserPoolClient).toMatchObject({ ClientName: "api", SupportedIdentityProviders: ["acme"] });
  });
});

describe("an id token that is not right", () => {
  type Claims = Readonly<Record<string, unknown>>;
  type Make = (good: Claims, key: CryptoKey) => Promise<string>;
  const right = { nonce: "", iss: "", aud: clientId, sub: "ada" };
  const signed = (body: Claims, key: CryptoKey, exp = "5m") =>
    new SignJWT(body).setProtectedHeader({ alg: "RS256", kid: "k" }).setIssuedAt().setExpirationTime(exp).sign(key);
  const but =
    (change: Claims): Make =>
    (good, key) =>
      signed({ ...good, ...change }, key);
  const lies: Record<string, Make> = {
    "another nonce": but({ nonce: "another" }),
    "no nonce": but({ nonce: undefined }),
    "another audience": but({ aud: "another" }),
    "two audiences without a party": but({ aud: [clientId, "another"] }),
    "another authorized party": but({ azp: "another" }),
    "another issuer": but({ iss: "https://accounts.acme.example" }),
    nobody: but({ sub: undefined }),
    "an end that has passed": (good, key) => signed(good, key, "-1m"),
    "another key": async (good) => signed(good, (await generateKeyPair("RS256")).privateKey),
    "no signature": async (good) => new UnsecuredJWT(good).setIssuedAt().setExpirationTime("5m").encode(),
    "the client's secret as its key": (good) =>
      new SignJWT(good)
        .setProtectedHeader({ alg: "HS256" })
        .setIssuedAt()
        .setExpirationTime("5m")
        .sign(new TextEncoder().encode(clientSecret)),
  };

  /** Signs in at a provider that answers with this token. */
  const attempt = async (make: Make) => {
    const { publicKey, privateKey } = await generateKeyPair("RS256");
    let good = right;
    const jwk = { ...(await exportJWK(publicKey)), kid: "k", use: "sig", alg: "RS256" };
    const liar = await startLyingProvider(
      () => make(good, privateKey),
      () => [jwk],
    );
    try {
      await addProvider("liar", liar.issuer);
      await allow("liar");
      const browser = openBrowser("ada");
      const sent = await browser.ask(new URL(authorizeUrl("liar")));
      const query = new URL(sent.headers.get("location") ?? "").searchParams;
      good = { ...right, iss: liar.issuer, nonce: query.get("nonce") ?? "" };
      const state = query.get("state") ?? "";
      return (await browser.visit(`${base()}/oauth2/idpresponse?code=x&state=${state}`, callback)).searchParams;
    } finally {
      await liar.close();
    }
  };

  test("signs in when it is right", async () => {
    const back = await attempt(but({}));
    expect((await redeem(back.get("code"))).status).toBe(200);
  });

  test.for(Object.entries(lies))("is refused with %s", async ([, make]) => {
    const back = await attempt(make);
    expect(back.get("code")).toBeNull();
    expect(back.get("error")).toBe("invalid_request");
    const { Users } = await cloud.sdk.send(new ListUsersCommand({ UserPoolId: pool.UserPoolId }));
    expect(Users).toEqual([]);
  });
});
