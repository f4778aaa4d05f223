import type { PreTokenGenerationV2TriggerEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import type { Membership } from "@tenantry/core/access/membership";
import type { Issuer } from "@tenantry/core/access/issuer";
import { impersonable } from "@tenantry/core/access/impersonation";
import { permissionsOf } from "@tenantry/core/access/policy";
import { type Enriched, preTokenGeneration as triggerOf, type Profiles } from "./pre-token-generation.ts";

const preTokenGeneration = (
  membershipsOf: (userId: string) => Promise<Membership[]>,
  issuerOf: (pool: string, client: string) => Promise<Issuer | null>,
  more: Partial<Profiles> = {},
) => {
  const trigger = triggerOf({
    profileOf: async (userId) => ({ memberships: await membershipsOf(userId), chosen: undefined }),
    organizationOf: async () => ({ tier: "trial", epoch: 2, roles: [] }),
    impersonationBy: async () => null,
    issuerOf,
    join: () => Promise.reject(new Error("nobody joins")),
    ...more,
  });
  return (event: PreTokenGenerationV2TriggerEvent) => trigger(event, { awsRequestId: "request-1" });
};

const eventOf = (groups: string[] | undefined) =>
  ({
    version: "2",
    triggerSource: "TokenGeneration_Authentication",
    userName: "user",
    userPoolId: "us-east-1_pool",
    callerContext: { clientId: "client" },
    request: {
      userAttributes: { sub: "sub-1", email: "a@b.example" },
      groupConfiguration: groups === undefined ? {} : { groupsToOverride: groups },
      scopes: [],
    },
    response: { claimsAndScopeOverrideDetails: null },
  }) as unknown as PreTokenGenerationV2TriggerEvent;

const claimsAdded = ({ response }: Enriched) =>
  response.claimsAndScopeOverrideDetails.accessTokenGeneration.claimsToAddOrOverride;

const nobodys = async () => null;

const clientOf = (tenant_id: string, sso?: Issuer["sso"]): Issuer => ({
  user_pool_id: "us-east-1_pool",
  client_id: "client",
  tenant_id,
  ...(sso === undefined ? {} : { sso }),
});

test("staff get the platform's claims without a look at the registry", async () => {
  const trigger = preTokenGeneration(() => Promise.reject(new Error("not asked")), nobodys);
  expect(claimsAdded(await trigger(eventOf(["platform-support"])))).toEqual({
    org_id: "org_platform",
    roles: "platform-support",
    permissions: expect.stringContaining("tenants:read"),
    email: "a@b.example",
  });
});

test("a tenant's user gets the claims of the membership under their sub", async () => {
  const trigger = preTokenGeneration(
    async (userId) => [
      {
        user_id: userId,
        tenant_id: `ten_of_${userId}`,
        roles: ["tenant-owner"],
        created_at: "2026-01-01T00:00:00.000Z",
      },
    ],
    nobodys,
  );
  for (const groups of [[], undefined])
    expect(claimsAdded(await trigger(eventOf(groups)))).toEqual({
      org_id: "ten_of_sub-1",
      org_tier: "trial",
      roles: "tenant-owner",
      permissions: permissionsOf(["tenant-owner"]).join(" "),
      perm_epoch: "2.0",
      email: "a@b.example",
    });
});

test("a user of neither gets no organisation and no permissions", async () => {
  const added = claimsAdded(await preTokenGeneration(async () => [], nobodys)(eventOf([])));
  expect(added).toEqual({ roles: "", permissions: "", email: "a@b.example" });
});

test("the sign-in fails when the memberships cannot be read", async () => {
  const trigger = preTokenGeneration(() => Promise.reject(new Error("throttled")), nobodys);
  await expect(trigger(eventOf([]))).rejects.toThrow("throttled");
});

test("who is in several acts for the one they chose; a tenant that is gone gives nothing", async () => {
  const memberships = ["ten_A", "ten_B", "ten_C"].map((tenant_id) => ({
    user_id: "sub-1",
    tenant_id,
    roles: ["helper"],
    created_at: "2026-01-01T00:00:00.000Z",
  }));
  const looked = {
    profileOf: async () => ({ memberships, chosen: "ten_B" }),
    organizationOf: async (id: string) =>
      id === "ten_C" ? null : { tier: "trial", epoch: 0, roles: [{ name: "helper", permissions: ["usage:read"] }] },
  };
  const chosen = preTokenGeneration(async () => [], nobodys, looked);
  expect(claimsAdded(await chosen(eventOf([])))).toMatchObject({ org_id: "ten_B", permissions: "usage:read" });
  const asking = (org_id: string) => {
    const event = eventOf([]);
    event.request.clientMetadata = { org_id };
    return chosen(event);
  };
  expect(claimsAdded(await asking("ten_A"))).toMatchObject({ org_id: "ten_A" });
  expect(claimsAdded(await asking("ten_Z"))).toMatchObject({ org_id: "ten_B" });
  expect(claimsAdded(await asking("ten_C"))).toEqual({ roles: "", permissions: "", email: "a@b.example" });
});

test("through a tenant's own client only that tenant counts, and no group", async () => {
  const of = (tenant_id: string) => ({
    user_id: "sub-1",
    tenant_id,
    roles: ["tenant-owner"],
    created_at: "2026-01-01T00:00:00.000Z",
  });
  const asked: string[][] = [];
  const trigger = preTokenGeneration(
    async () => [of("ten_A"), of("ten_B")],
    async (...names) => (asked.push(names), clientOf("ten_B")),
  );
  expect(claimsAdded(await trigger(eventOf(["platform-admin"])))).toMatchObject({
    org_id: "ten_B",
    roles: "tenant-owner",
  });
  expect(asked).toEqual([["us-east-1_pool", "client"]]);
  const stranger = preTokenGeneration(
    async () => [of("ten_A")],
    async () => clientOf("ten_B"),
  );
  expect(claimsAdded(await stranger(eventOf(["platform-admin"])))).toMatchObject({ roles: "", permissions: "" });
});

test("the sign-in fails when the issuer cannot be read", async () => {
  const trigger = preTokenGeneration(
    async () => [],
    () => Promise.reject(new Error("throttled")),
  );
  await expect(trigger(eventOf(["platform-admin"]))).rejects.toThrow("throttled");
});

describe("a user of an identity provider", () => {
  const settings = (more: Partial<NonNullable<Issuer["sso"]>> = {}) => ({
    issuer: "https://login.acme.example",
    client_id: "tenantry",
    scopes: ["openid"],
    email_domains: [],
    callback_urls: ["https://app.acme.example"],
    provider_name: "acme",
    domain: "users",
    updated_at: "2026-01-01T00:00:00.000Z",
    ...more,
  });
  const of = (tenant_id: string, more: Partial<Membership> = {}): Membership => ({
    user_id: "sub-1",
    tenant_id,
    roles: ["tenant-member"],
    created_at: "2026-01-01T00:00:00.000Z",
    ...more,
  });
  const comes = (provider = "acme", source = "TokenGeneration_HostedAuth", attributes: Record<string, string> = {}) => {
    const event = eventOf([`us-east-1_pool_${provider}`, "platform-admin"]);
    return {
      ...event,
      triggerSource: source,
      request: {
        ...event.request,
        userAttributes: {
          sub: "sub-1",
          email: "Ada@acme.example",
          email_verified: "true",
          "cognito:user_status": "EXTERNAL_PROVIDER",
          identities: JSON.stringify([{ userId: "ada", providerName: provider, primary: true }]),
          ...attributes,
        },
      },
    } as PreTokenGenerationV2TriggerEvent;
  };
  /** The claims, and which tenants were joined. */
  const claims = async (
    event: PreTokenGenerationV2TriggerEvent,
    issuer: Issuer | null,
    memberships: readonly Membership[] = [],
  ) => {
    const joined: string[] = [];
    const join = async ({ tenant_id }: Issuer) => (joined.push(tenant_id), of(tenant_id));
    const trigger = preTokenGeneration(
      async () => [...memberships],
      async () => issuer,
      { join },
    );
    return { ...claimsAdded(await trigger(event)), joined };
  };
  const nobody = { roles: "", permissions: "", joined: [] };

  test("joins the tenant whose provider it is, and acts for it alone", async () => {
    const own = clientOf("ten_B", settings());
    expect(await claims(comes(), own)).toMatchObject({ org_id: "ten_B", roles: "tenant-member", joined: ["ten_B"] });
    const promoted = of("ten_B", { roles: ["tenant-admin"] });
    expect(await claims(comes(), own, [of("ten_A"), promoted])).toMatchObject({
      org_id: "ten_B",
      roles: "tenant-admin",
      joined: [],
    });
  });

  test.for([
    ["another tenant's client", comes("acme"), clientOf("ten_C", settings({ provider_name: "other" }))],
    ["a client without a provider", comes(), clientOf("ten_B")],
    ["the platform's own client", comes(), null],
    ["another address", comes(), clientOf("ten_B", settings({ email_domains: ["other.example"] }))],
    ["an address below", comes(), clientOf("ten_B", settings({ email_domains: ["example"] }))],
    [
      "no address",
      comes("acme", undefined, { email: "" }),
      clientOf("ten_B", settings({ email_domains: ["acme.example"] })),
    ],
    ["a refresh after a removal", comes("acme", "TokenGeneration_RefreshTokens"), clientOf("ten_B", settings())],
  ] as const)("is nobody with %s, whatever group and other membership they have", async ([, event, issuer]) => {
    expect(await claims(event, issuer, [of("ten_A", { roles: ["tenant-owner"] })])).toMatchObject(nobody);
  });

  test("is let in by their domain, whatever its case, and is nobody while disabled", async () => {
    const own = clientOf("ten_B", settings({ email_domains: ["acme.example"] }));
    expect(await claims(comes("acme", undefined, { email: "ADA@ACME.example" }), own)).toMatchObject({
      org_id: "ten_B",
    });
    expect(await claims(comes(), own, [of("ten_B", { status: "disabled" })])).toMatchObject(nobody);
  });

  test("has an address in the token only if the provider says that it is theirs", async () => {
    const own = clientOf("ten_B", settings());
    expect(await claims(comes(), own)).toMatchObject({ email: "Ada@acme.example" });
    expect(await claims(comes("acme", undefined, { email_verified: "false" }), own)).not.toHaveProperty("email");
  });

  test("is refused when Cognito does not say where they come from", async () => {
    await expect(claims(comes("acme", undefined, { identities: "[]" }), clientOf("ten_B", settings()))).rejects.toThrow(
      "no identity",
    );
  });
});

describe("through the client for impersonation", () => {
  const owner = {
    user_id: "sub-2",
    tenant_id: "ten_A",
    roles: ["tenant-owner", "platform-admin"],
    created_at: "2026-01-01T00:00:00.000Z",
  };
  const impersonation = {
    id: "imp_1",
    tenant_id: "ten_A",
    user_id: "sub-2",
    impersonator: { id: "sub-1", email: "a@b.example" },
    reason: "ticket",
    started_at: "2026-01-01T00:00:00.000Z",
    ends_at: "2026-01-01T00:30:00.000Z",
    ended_at: null,
  };
  const triggerFor = (membership: Membership, running: typeof impersonation | null = impersonation) =>
    preTokenGeneration(
      async (userId) => (userId === "sub-2" ? [membership] : []),
      async () => clientOf("impersonation"),
      { impersonationBy: async (userId) => (userId === "sub-1" ? running : null) },
    );

  test("staff get what both they and the user may, and say who they are", async () => {
    const claims = claimsAdded(await triggerFor(owner)(eventOf(["platform-admin"])));
    expect(claims).toEqual({
      org_id: "ten_A",
      org_tier: "trial",
      roles: "tenant-owner",
      permissions: permissionsOf(["tenant-owner"])
        .filter((one) => impersonable.includes(one))
        .join(" "),
      perm_epoch: "2.0",
      email: "a@b.example",
      impersonation: "imp_1",
      impersonator: "a@b.example",
      on_behalf_of: "sub-2",
      impersonation_reason: "ticket",
      act: { sub: "sub-1" },
      impersonation_ends_at: "2026-01-01T00:30:00.000Z",
    });
    for (const never of [
      "users:manage",
      "roles:manage",
      "api-keys:manage",
      "api-keys:read",
      "usage:write",
      "sso:write",
    ])
      expect(claims.permissions.split(" ")).not.toContain(never);
  });

  test.for<[why: string, groups: string[], membership: Membership, running?: null]>([
    ["who are no staff", [], owner],
    ["who began none, or whose is over", ["platform-support"], owner, null],
    ["when the user was disabled", ["platform-support"], { ...owner, status: "disabled" }],
    ["when the user left the tenant", ["platform-support"], { ...owner, tenant_id: "ten_B" }],
  ])("nobody signs in %s", async ([, groups, membership, running]) => {
    await expect(triggerFor(membership, running)(eventOf(groups))).rejects.toThrow(/act for/);
  });
});
