import { createHash, randomBytes } from "node:crypto";
import {
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  ListUsersCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { openBrowser, startProvider } from "@tenantry/local-cloud/services/cognito/oidc-provider.testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { acceptInvitation, claimsIn, signInAgain, signInFully } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

const run = Date.now().toString(36);
const callback = "http://localhost:9/signed-in";
const secret = "a-secret-of-the-provider-s-client";

type Tenant = { id: string; slug: string; email: string; owner: string; pool: string; client: string };

let admin: string;
let business: Tenant;
let premium: Tenant;
let provider: Awaited<ReturnType<typeof startProvider>>;
let redirects: string[] = [];
const people: { sub: string; email: string; email_verified: boolean; name?: string }[] = [
  { sub: "ada", email: `ada-${run}@acme.example`, email_verified: true, name: "Ada" },
  { sub: "bob", email: `bob-${run}@elsewhere.example`, email_verified: true },
];

const aTenant = async (name: string, tier: string): Promise<Tenant> => {
  const email = `owner@${name.toLowerCase().replaceAll(" ", "-")}.example`;
  const config = { region: "us-east-1", features: ["sso"] };
  const { accepted, operation } = await onboard(ready(), admin, { name, tier, owner: { email }, config });
  expect(operation.status, JSON.stringify(operation.error)).toBe("succeeded");
  const { id, slug } = accepted.tenant as { id: string; slug: string };
  const { body } = await send(ready(), "GET", `/admin/tenants/${id}`, { token: admin });
  const { user_pool_id: pool, client_id: client } = body.resources.identity;
  await acceptInvitation(ready(), email, client);
  return { id, slug, email, pool, client, owner: await signInAgain(ready(), email, client) };
};

beforeAll(async () => {
  admin = await signIn(ready());
  provider = await startProvider(people, () => redirects);
  business = await aTenant(`Sso B ${run}`, "business");
  premium = await aTenant(`Sso P ${run}`, "premium");
  // An impostor: the provider of one tenant asserts the address of another's owner, and of the platform's admin.
  people.push({ sub: "eve", email: premium.email, email_verified: true });
  people.push({ sub: "mallory", email: business.email, email_verified: true });
  people.push({ sub: "root", email: ready().admin.email, email_verified: true });
});
afterAll(() => provider.close());

const settings = (more: Record<string, unknown> = {}) => ({
  issuer: provider.issuer,
  client_id: "tenantry",
  client_secret: secret,
  callback_urls: [callback],
  ...more,
});

const call = (token: string, method: string, path: string, body?: unknown) =>
  send(ready(), method, path, { token, ...(body === undefined ? {} : { body }) });

/** Sets it up, and has the provider know where its users come back to. */
const setUp = async (tenant: Tenant, more: Record<string, unknown> = {}) => {
  const answer = await call(tenant.owner, "PUT", "/api/sso", settings(more));
  expect(answer.status, answer.text).toBe(200);
  redirects = [...new Set([...redirects, answer.body.redirect_uri as string])];
  provider.begin();
  return answer.body as Record<string, string>;
};

/** Goes from the application to the provider and back, by HTTP alone. */
const comeBack = async (login: string, sso: Record<string, string>, client: string, verifier: string) => {
  const url = new URL(sso["authorize_url"] ?? "");
  const query = {
    response_type: "code",
    client_id: client,
    redirect_uri: callback,
    scope: "openid email profile",
    state: "s-1",
    identity_provider: sso["provider_name"] ?? "",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return (await openBrowser(login).visit(url.href, callback)).searchParams;
};

const tokens = async (sso: Record<string, string>, form: Record<string, string>) => {
  const response = await fetch(sso["token_url"] ?? "", { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};

const enter = async (login: string, tenant: Tenant, sso: Record<string, string>) => {
  const verifier = randomBytes(32).toString("base64url");
  const back = await comeBack(login, sso, tenant.client, verifier);
  expect(back.get("error"), back.get("error_description") ?? "").toBeNull();
  const { status, body } = await tokens(sso, {
    grant_type: "authorization_code",
    client_id: tenant.client,
    redirect_uri: callback,
    code: back.get("code") ?? "",
    code_verifier: verifier,
  });
  expect(status, JSON.stringify(body)).toBe(200);
  return { access: body["access_token"] ?? "", refresh: body["refresh_token"] ?? "" };
};

const refreshed = async (tenant: Tenant, sso: Record<string, string>, refresh: string) =>
  (await tokens(sso, { grant_type: "refresh_token", client_id: tenant.client, refresh_token: refresh })).body[
    "access_token"
  ] ?? "";

describe.each(["business", "premium"] as const)("a %s tenant with an identity provider", (tier) => {
  let tenant: Tenant;
  let other: Tenant;
  let sso: Record<string, string>;
  let ada: { access: string; refresh: string };

  beforeAll(async () => {
    [tenant, other] = tier === "business" ? [business, premium] : [premium, business];
    expect(await call(tenant.owner, "GET", "/api/sso")).toMatchObject({
      status: 404,
      body: { type: "/problems/sso-not-configured" },
    });
    sso = await setUp(tenant);
    ada = await enter("ada", tenant, sso);
  });

  test("is shown it without the secret, the same however often it is set up", async () => {
    expect(sso).toMatchObject({ tenant_id: tenant.id, issuer: provider.issuer, app_client_id: tenant.client });
    const { status, body, text } = await call(tenant.owner, "GET", "/api/sso");
    expect({ status, body }).toEqual({ status: 200, body: sso });
    expect(text).not.toContain(secret);
    const again = await setUp(tenant);
    expect({ ...again, updated_at: "" }).toEqual({ ...sso, updated_at: "" });
    const { text: audit } = await call(tenant.owner, "GET", "/api/audit?limit=100");
    expect(audit).toContain("sso.put");
    expect(audit).not.toContain(secret);
    expect((await call(admin, "GET", `/admin/tenants/${tenant.id}/sso`)).body).toEqual(again);
  });

  test("has the provider's users as members of it, and of nothing else", async () => {
    expect(claimsIn(ada.access)).toMatchObject({ org_id: tenant.id, org_tier: tier, roles: "tenant-member" });
    expect((await call(ada.access, "GET", "/api/entitlements")).status).toBe(200);
    expect((await call(ada.access, "GET", `/admin/tenants/${tenant.id}/entitlements`)).status).toBe(200);
    expect((await call(ada.access, "GET", `/admin/tenants/${other.id}/entitlements`)).status).toBe(404);
    expect((await call(ada.access, "GET", "/api/sso")).status).toBe(403);
    expect((await call(ada.access, "PUT", "/api/sso", settings())).status).toBe(403);
    const { body } = await call(tenant.owner, "GET", "/api/users?limit=100");
    const [listed] = (body.items as { id: string; email: string }[]).filter(({ email }) => email === people[0]?.email);
    expect(listed).toMatchObject({ id: claimsIn(ada.access)["sub"], roles: ["tenant-member"], status: "active" });
    const { text: audit } = await call(tenant.owner, "GET", "/api/audit?limit=100&action=user.join");
    expect(audit).toContain(String(listed?.id));
    expect(claimsIn((await enter("ada", tenant, sso)).access)["sub"]).toBe(listed?.id);
    expect(claimsIn(await refreshed(tenant, sso, ada.refresh))).toMatchObject({ org_id: tenant.id });
  });

  test("cannot have it take over anybody by their address", async () => {
    const cognito = new CognitoIdentityProviderClient(operator(ready()));
    for (const [login, email, of] of [
      ["eve", premium.email, premium],
      ["mallory", business.email, business],
      ["root", ready().admin.email, null],
    ] as const) {
      const { access } = await enter(login, tenant, sso);
      const claims = claimsIn(access);
      expect(claims).toMatchObject({ org_id: tenant.id, roles: "tenant-member", email });
      expect((await call(access, "GET", "/admin/tenants")).status).toBe(403);
      expect((await call(access, "GET", `/admin/tenants/${other.id}/entitlements`)).status).toBe(404);
      expect((await call(access, "POST", "/api/session/switch", { org_id: other.id })).status).toBe(404);
      expect((await call(access, "GET", "/api/invitations")).body.items).toEqual([]);
      // The native user of the address is who they were, with the password that they had.
      const UserPoolId = of?.pool ?? ready().user_pool_id;
      const native = await cognito.send(new AdminGetUserCommand({ UserPoolId, Username: email }));
      expect(native.UserStatus).toBe("CONFIRMED");
      expect(native.UserAttributes?.find(({ Name }) => Name === "sub")?.Value).not.toBe(claims["sub"]);
      const again = of === null ? await signIn(ready()) : (await signInFully(ready(), email, of.client)).access;
      expect(claimsIn(again)).toMatchObject({ org_id: of?.id ?? "org_platform" });
      expect(claimsIn(again)["sub"]).not.toBe(claims["sub"]);
    }
    // An invitation goes to who has the mailbox, not to whom a provider gave the address.
    const invited = await call(tenant.owner, "POST", "/api/users", {
      email: people[0]?.email,
      roles: ["tenant-admin"],
    });
    expect(invited).toMatchObject({ status: 201, body: { status: "invited" } });
    expect(invited.body.id).not.toBe(claimsIn(ada.access)["sub"]);
    expect((await call(tenant.owner, "DELETE", `/api/users/${invited.body.id}`)).status).toBe(200);
  });

  test("cannot have another tenant's client take its users", async () => {
    const back = await comeBack("ada", sso, other.client, "v".repeat(43)).catch((error: Error) => error.message);
    expect(String(back)).toMatch(/redirect_mismatch|Client does not exist|error=/);
  });

  test("shuts out whom it disables, and lets nobody back in by a refresh whom it removed", async () => {
    const { access, refresh } = await enter("bob", tenant, sso);
    const id = String(claimsIn(access)["sub"]);
    expect((await call(tenant.owner, "PATCH", `/api/users/${id}`, { status: "disabled" })).status).toBe(200);
    expect(claimsIn((await enter("bob", tenant, sso)).access)["org_id"]).toBeUndefined();
    expect((await call(tenant.owner, "DELETE", `/api/users/${id}`)).status).toBe(200);
    expect(claimsIn(await refreshed(tenant, sso, refresh))["org_id"]).toBeUndefined();
    expect(claimsIn((await enter("bob", tenant, sso)).access)).toMatchObject({ org_id: tenant.id });
  });

  test("takes users of its domains alone, once it says so", async () => {
    const narrow = await setUp(tenant, { email_domains: ["acme.example"] });
    expect(claimsIn((await enter("bob", tenant, narrow)).access)["org_id"]).toBeUndefined();
    const token = await enter("ada", tenant, narrow);
    expect(claimsIn(token.access)).toMatchObject({ org_id: tenant.id });
    ada = token;
    tenant.owner = await signInAgain(ready(), tenant.email, tenant.client);
  });

  test("signs nobody in when it is taken away, and refuses tokens within half a minute", async () => {
    expect((await call(ada.access, "GET", "/api/entitlements")).status).toBe(200);
    expect((await call(tenant.owner, "DELETE", "/api/sso")).status).toBe(200);
    const since = Date.now();
    const back = await comeBack("ada", sso, tenant.client, "v".repeat(43)).catch((error: Error) => error.message);
    expect(String(back)).toMatch(/redirect_mismatch/);
    const refused = await poll(
      () => call(ada.access, "GET", "/api/entitlements"),
      ({ status }) => status === 401,
    );
    expect(refused.status).toBe(401);
    expect(Date.now() - since).toBeLessThan(30_000);
    // A refresh brings a token that speaks for nobody; who has a password goes on with the next token.
    expect(claimsIn(await refreshed(tenant, sso, ada.refresh))["org_id"]).toBeUndefined();
    tenant.owner = await signInAgain(ready(), tenant.email, tenant.client);
    for (const method of ["GET", "DELETE"])
      expect((await call(tenant.owner, method, "/api/sso")).body.type).toBe("/problems/sso-not-configured");
  });
});

test("staff set it up for a tenant; another issuer's users are other users", async () => {
  const second = await startProvider(people, () => redirects);
  try {
    const path = `/admin/tenants/${business.id}/sso`;
    const first = await call(admin, "PUT", path, settings());
    expect(first.status, first.text).toBe(200);
    const one = await enter("ada", business, first.body);
    const moved = await call(admin, "PUT", path, settings({ issuer: second.issuer }));
    expect(moved.body.provider_name).not.toBe(first.body.provider_name);
    expect(String(await comeBack("ada", first.body, business.client, "v".repeat(43)))).toContain("error=");
    const two = await enter("ada", business, moved.body);
    expect(claimsIn(two.access)["sub"]).not.toBe(claimsIn(one.access)["sub"]);
    expect(claimsIn(await refreshed(business, first.body, one.refresh))["org_id"]).toBeUndefined();
    expect((await call(admin, "DELETE", path)).status).toBe(200);
    expect((await call(admin, "DELETE", path)).status).toBe(404);
  } finally {
    await second.close();
  }
});

describe("what is refused", () => {
  test("a tier without it, and a tenant without the feature", async () => {
    const { accepted } = await onboard(ready(), admin, { name: `Sso S ${run}`, tier: "standard" });
    const none = await call(admin, "PUT", `/admin/tenants/${accepted.tenant.id}/sso`, settings());
    expect(none).toMatchObject({ status: 409, body: { type: "/problems/sso-not-available" } });
    const off = await onboard(ready(), admin, {
      name: `Sso O ${run}`,
      tier: "business",
      config: { region: "us-east-1", features: ["analytics"] },
    });
    const not = await call(admin, "PUT", `/admin/tenants/${off.accepted.tenant.id}/sso`, settings());
    expect(not).toMatchObject({ status: 409, body: { type: "/problems/sso-not-available" } });
  });

  test.for([
    "http://login.acme.example",
    "https://10.0.0.1",
    "https://127.0.0.1:1",
    "https://169.254.169.254/latest",
    "https://[::1]",
    "https://user:password@login.acme.example",
    "http://localhost:1",
  ])("the issuer %s", async (issuer) => {
    const answer = await call(admin, "PUT", `/admin/tenants/${business.id}/sso`, settings({ issuer }));
    expect(answer).toMatchObject({
      status: 400,
      body: { type: "/problems/sso-issuer-refused", errors: [{ pointer: "/issuer" }] },
    });
  });

  test.for([
    [{ issuer: "nonsense" }, "/issuer"],
    [{ issuer: "https://login.acme.example?x=1" }, "/issuer"],
    [{ callback_urls: ["http://app.acme.example"] }, "/callback_urls/0"],
    [{ callback_urls: ["javascript:alert(1)"] }, "/callback_urls/0"],
    [{ callback_urls: [] }, "/callback_urls"],
    [{ scopes: ["email"] }, "/scopes"],
    [{ email_domains: ["ACME.example"] }, "/email_domains/0"],
    [{ client_secret: "" }, "/client_secret"],
  ] as const)("%j", async ([more, pointer]) => {
    const answer = await call(admin, "PUT", `/admin/tenants/${business.id}/sso`, settings(more));
    expect(answer).toMatchObject({ status: 400, body: { type: "/problems/invalid-request", errors: [{ pointer }] } });
    expect(answer.text).not.toContain(secret);
  });

  test("what belongs to another tenant", async () => {
    for (const method of ["GET", "PUT", "DELETE"])
      expect(
        (
          await call(
            premium.owner,
            method,
            `/admin/tenants/${business.id}/sso`,
            method === "PUT" ? settings() : undefined,
          )
        ).status,
      ).toBe(404);
  });
});

test("no user of a provider is left with a name to sign in by a password", async () => {
  const { Users = [] } = await new CognitoIdentityProviderClient(operator(ready())).send(
    new ListUsersCommand({ UserPoolId: business.pool, Filter: 'cognito:user_status = "EXTERNAL_PROVIDER"' }),
  );
  expect(Users.length).toBeGreaterThan(0);
  for (const { Username = "" } of Users)
    await expect(signInFully(ready(), Username, business.client)).rejects.toThrow("Incorrect username or password");
});
