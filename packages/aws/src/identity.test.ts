import {
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminGetUserCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  DescribeUserPoolCommand,
  ListUserPoolClientsCommand,
  ListUserPoolsCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { cognito } from "@tenantry/local-cloud/services/cognito/part";
import { email as emailPart } from "@tenantry/local-cloud/services/email/part";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cognitoUsers, type SharedIdentity } from "./identity.ts";

const poolName = "tenantry-test-";
const anyPool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/*";
const ofCognito = (...actions: string[]) => actions.map((action) => `cognito-idp:${action}`);
const graph = graphOf(
  roleOf("identity", [
    {
      Effect: "Allow",
      Action: ofCognito(
        "AdminCreateUser",
        "AdminGetUser",
        "AdminDeleteUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "DescribeUserPool",
        "CreateUserPoolClient",
        "DeleteUserPoolClient",
        "DescribeUserPoolClient",
        "ListUserPoolClients",
        "DeleteGroup",
        "DeleteIdentityProvider",
        "ListIdentityProviders",
        "ListUsers",
      ),
      Resource: anyPool,
    },
    { Effect: "Allow", Action: ofCognito("ListUserPools"), Resource: "*" },
    {
      Effect: "Allow",
      Action: ofCognito("CreateUserPool"),
      Resource: "*",
      Condition: { StringEquals: { "aws:RequestTag/managed-by": poolName } },
    },
    {
      Effect: "Allow",
      Action: ofCognito("DeleteUserPool", "DeleteUserPoolDomain"),
      Resource: anyPool,
      Condition: { StringEquals: { "aws:ResourceTag/managed-by": poolName } },
    },
  ]),
);
const PreTokenGenerationConfig = {
  LambdaArn: "arn:aws:lambda:us-east-1:123456789012:function:enrich",
  LambdaVersion: "V2_0" as const,
};

let cloud: TestCloud;
let operator: CognitoIdentityProviderClient;
let shared: SharedIdentity;
let slug = "";
let email = "";
let turn = 0;

beforeAll(async () => {
  cloud = await startTestCloud([cognito, emailPart]);
  await cloud.apply(graph);
  operator = new CognitoIdentityProviderClient(cloud.client());
  const { UserPool } = await operator.send(
    new CreateUserPoolCommand({
      PoolName: "users",
      UsernameAttributes: ["email"],
      Schema: [{ Name: "invited_for", AttributeDataType: "String" }],
      LambdaConfig: { PreTokenGenerationConfig },
    }),
  );
  const userPoolId = UserPool!.Id!;
  const { UserPoolClient } = await operator.send(
    new CreateUserPoolClientCommand({
      UserPoolId: userPoolId,
      ClientName: "SignIn",
      ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    }),
  );
  shared = { userPoolId, clientId: UserPoolClient!.ClientId!, poolName };
});
afterAll(() => cloud.close());
beforeEach(() => {
  slug = `acme-${(turn += 1)}`;
  email = `owner@${slug}.example`;
});

type Isolation = "pool" | "bridge" | "silo";
const tiers = { pool: "standard", bridge: "business", silo: "premium" } as const;
const plane = () => cognitoUsers(shared, new CognitoIdentityProviderClient(cloud.client("identity")));
const ensure = (isolation: Isolation, more: object = {}) =>
  plane().ensure({ tenantId: `ten_${slug}`, slug, isolation, email, ...more });
const tenant = (isolation: Isolation, more: object = {}) =>
  aTenant({ id: `ten_${slug}`, slug, tier: tiers[isolation], owner: { email }, ...more });

const release = async (isolation: Isolation, held: readonly string[] = [], more: object = {}) => {
  const [left, closed]: [string[], string[]] = [[], []];
  await plane().release(tenant(isolation, more), {
    leaving: async (user) => (left.push(user), held.includes(user) ? "held" : "free"),
    closing: async ({ client_id }) => void closed.push(client_id),
  });
  return { left: [...new Set(left)], closed };
};
const userOf = (UserPoolId: string) =>
  operator.send(new AdminGetUserCommand({ UserPoolId, Username: email })).then(
    ({ Enabled }) => (Enabled === true ? "enabled" : "disabled"),
    (error: Error) => error.name,
  );
const clientsNamed = async (UserPoolId: string, name: string) =>
  ((await operator.send(new ListUserPoolClientsCommand({ UserPoolId, MaxResults: 60 }))).UserPoolClients ?? []).filter(
    ({ ClientName }) => ClientName === name,
  );
const poolsNamed = async (name: string) =>
  ((await operator.send(new ListUserPoolsCommand({ MaxResults: 60 }))).UserPools ?? []).filter(
    ({ Name }) => Name === name,
  );
const mailsTo = async (address: string) => {
  const body = (await (await fetch(`${cloud.host.endpoint}/_mail`)).json()) as { to: string[] }[] | { mails: never[] };
  return (Array.isArray(body) ? body : body.mails).filter((mail: { to: string[] }) => mail.to.includes(address));
};

test("an owner is invited once, and known again for the next tenant", async () => {
  const made = await Promise.all([ensure("pool"), ensure("pool")]);
  made.push(await ensure("pool"), await ensure("pool", { tenantId: "ten_other", slug: "other" }));
  expect(new Set(made.map((each) => each.owner_user_id)).size).toBe(1);
  expect(made[0]).toEqual({
    user_pool_id: shared.userPoolId,
    owner_user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    owner_email: email,
  });
  expect(await mailsTo(email)).toHaveLength(1);
});

test("a bridge has one client of its own, like the platform's", async () => {
  const made = await ensure("bridge");
  expect((await ensure("bridge")).client_id).toBe(made.client_id);
  expect(await clientsNamed(shared.userPoolId, `tenant-${slug}`)).toMatchObject([{ ClientId: made.client_id }]);
  expect(made).toMatchObject({ user_pool_id: shared.userPoolId });
});

test("a silo has one pool of its own, with the shared pool's token trigger, and the owner in it", async () => {
  const made = await ensure("silo");
  expect(await ensure("silo")).toEqual(made);
  expect(await poolsNamed(`${poolName}tenant-${slug}`)).toMatchObject([{ Id: made.user_pool_id }]);
  const { UserPool } = await operator.send(new DescribeUserPoolCommand({ UserPoolId: made.user_pool_id }));
  expect(UserPool).toMatchObject({
    LambdaConfig: { PreTokenGenerationConfig },
    UserPoolTags: { "tenant-id": `ten_${slug}`, tenant: `tenant-${slug}` },
  });
  expect(await userOf(made.user_pool_id)).toBe("enabled");
  expect(await userOf(shared.userPoolId)).toBe("UserNotFoundException");
  expect(await mailsTo(email)).toHaveLength(1);
});

test("runs at once end with one client and one pool", async () => {
  await Promise.allSettled([1, 2, 3].map(() => ensure("silo")));
  const made = await ensure("silo");
  expect(await poolsNamed(`${poolName}tenant-${slug}`)).toMatchObject([{ Id: made.user_pool_id }]);
  expect(await clientsNamed(made.user_pool_id, `tenant-${slug}`)).toHaveLength(1);
});

describe("release", () => {
  test.for(["pool", "bridge", "silo"] as const)(
    "of a %s takes away all that was made, and twice is as once",
    async (isolation) => {
      const made = await ensure(isolation);
      const { left, closed } = await release(isolation);
      expect(left).toEqual([made.owner_user_id]);
      expect(closed).toEqual(made.client_id === undefined ? [] : [made.client_id]);
      expect(await userOf(shared.userPoolId)).toBe("UserNotFoundException");
      expect(await clientsNamed(shared.userPoolId, `tenant-${slug}`)).toEqual([]);
      expect(await poolsNamed(`${poolName}tenant-${slug}`)).toEqual([]);
      expect(await release(isolation)).toEqual({ left: [], closed: [] });
    },
  );

  test("of a pool without an owner yet takes the pool away", async () => {
    await operator.send(
      new CreateUserPoolCommand({
        PoolName: `${poolName}tenant-${slug}`,
        UserPoolTags: { "tenant-id": `ten_${slug}`, "managed-by": poolName },
      }),
    );
    await release("silo");
    expect(await poolsNamed(`${poolName}tenant-${slug}`)).toEqual([]);
  });

  test("leaves a pool of the same name that is another's", async () => {
    await operator.send(
      new CreateUserPoolCommand({ PoolName: `${poolName}tenant-${slug}`, UserPoolTags: { "tenant-id": "ten_B" } }),
    );
    await release("silo");
    expect(await poolsNamed(`${poolName}tenant-${slug}`)).toHaveLength(1);
  });

  test("keeps a user who belongs to another tenant, able to sign in", async () => {
    const { owner_user_id } = await ensure("pool");
    await release("pool", [owner_user_id]);
    expect(await userOf(shared.userPoolId)).toBe("enabled");
  });

  test("keeps a user whom no onboarding invited", async () => {
    await operator.send(new AdminCreateUserCommand({ UserPoolId: shared.userPoolId, Username: email }));
    await ensure("pool");
    await release("pool");
    expect(await userOf(shared.userPoolId)).toBe("enabled");
  });

  test("lets back in a user to whom a membership was added in between", async () => {
    const { owner_user_id } = await ensure("pool");
    let asked = 0;
    await plane().release(tenant("pool"), {
      async leaving() {
        if ((asked += 1) === 1) return "free";
        expect(await userOf(shared.userPoolId)).toBe("disabled");
        return "held";
      },
      closing: async () => undefined,
    });
    expect(await userOf(shared.userPoolId)).toBe("enabled");
    await plane().confirm({ user_pool_id: shared.userPoolId, owner_user_id, owner_email: email });
  });
});

test("a user who is being taken away is not confirmed", async () => {
  const made = await ensure("pool");
  await operator.send(new AdminDisableUserCommand({ UserPoolId: shared.userPoolId, Username: email }));
  await expect(plane().confirm(made)).rejects.toMatchObject({ name: "TransientError" });
  await release("pool");
  await expect(plane().confirm(made)).rejects.toMatchObject({ name: "TransientError" });
});
