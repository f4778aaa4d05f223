import { afterAll, describe, expect, test } from "vitest";
import {
  AdminDisableUserCommand,
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
  AdminSetUserPasswordCommand,
  DescribeUserPoolClientCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import type { GraphResource } from "../../deploy/graph.ts";
import { testGraph } from "../testing/host.ts";
import { claims, failure, PASSWORD, startCognito } from "./testing.ts";

const POOL = "us-east-1_AbCdEf123";
const CLIENT = "1h57kf5cpq17m0eml12EXAMPLE";
const SUB = "3f5a0a2e-5a5e-4a8f-9d55-1c6a6f0c2b11";

const resource = (type: string, name: string, id: string, inputs: object, outputs: object = {}): GraphResource => {
  const [made] = testGraph([{ type, name, outputs: { ...inputs, ...outputs } }]).resources;
  if (!made) throw new Error("no resource");
  return { ...made, id, inputs: { ...inputs } };
};

/** What the stack of the product registers, with a change here and there. */
const graph = (change: { user?: object; pool?: object } = {}) => ({
  ...testGraph([]),
  resources: [
    resource(
      "aws:cognito/userPool:UserPool",
      "UsersUserPool",
      POOL,
      {
        usernameAttributes: ["email"],
        usernameConfiguration: { caseSensitive: false },
        adminCreateUserConfig: { allowAdminCreateUserOnly: true },
        passwordPolicy: { minimumLength: 12, requireSymbols: false, requireNumbers: true },
        lambdaConfig: { preTokenGenerationConfig: { lambdaArn: "arn:enrich", lambdaVersion: "V2_0" } },
        mfaConfiguration: "OFF",
        ...change.pool,
      },
      { name: "users-pool", arn: `arn:aws:cognito-idp:us-east-1:123456789012:userpool/${POOL}` },
    ),
    resource(
      "aws:cognito/userPoolClient:UserPoolClient",
      "ApiClient",
      CLIENT,
      {
        name: "Api",
        userPoolId: POOL,
        explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        preventUserExistenceErrors: "ENABLED",
        accessTokenValidity: 30,
        tokenValidityUnits: { accessToken: "minutes" },
      },
      { clientSecret: "" },
    ),
    resource("aws:cognito/userGroup:UserGroup", "admins", `${POOL}/platform-admin`, {
      userPoolId: POOL,
      name: "platform-admin",
    }),
    resource(
      "aws:cognito/user:User",
      "PlatformAdmin",
      `${POOL}/admin@example.com`,
      {
        userPoolId: POOL,
        username: "admin@example.com",
        attributes: { email: "admin@example.com", email_verified: "true" },
        desiredDeliveryMediums: ["EMAIL"],
        ...change.user,
      },
      { sub: SUB },
    ),
    resource("aws:cognito/userInGroup:UserInGroup", "AdminMembership", "membership", {
      userPoolId: POOL,
      username: "admin@example.com",
      groupName: "platform-admin",
    }),
  ],
});

const trigger = async (event: unknown) => ({
  payload: {
    ...(event as object),
    response: {
      claimsAndScopeOverrideDetails: { accessTokenGeneration: { claimsToAddOrOverride: { org_id: "org_platform" } } },
    },
  },
});

const opened = new Set<() => Promise<void>>();
const start = async (data?: string) => {
  const cloud = await startCognito({ trigger, ...(data === undefined ? {} : { data }) });
  const close = async (): Promise<void> => {
    opened.delete(close);
    await cloud.close();
  };
  opened.add(close);
  const apply = async (changed = graph()) => cloud.parts[0]?.apply?.(changed);
  await apply();
  return { ...cloud, apply, close };
};
afterAll(async () => {
  for (const close of opened) await close();
});

const admin = { UserPoolId: POOL, Username: "admin@example.com" };
const setPassword = new AdminSetUserPasswordCommand({ ...admin, Password: PASSWORD, Permanent: true });

describe("the stack's user pool", () => {
  test("is there with its ids, invites its administrator, and signs in with enriched tokens", async () => {
    const cloud = await start();
    const mails = (await cloud.getJson("/_mail?to=admin@example.com")) as { subject: string }[];
    expect(mails.map(({ subject }) => subject)).toEqual(["Your temporary password"]);
    const user = await cloud.sdk.send(new AdminGetUserCommand(admin));
    expect(user).toMatchObject({ Username: SUB, UserStatus: "FORCE_CHANGE_PASSWORD", Enabled: true });
    expect(user.UserAttributes).toContainEqual({ Name: "email_verified", Value: "true" });
    expect((await cloud.sdk.send(new AdminListGroupsForUserCommand(admin))).Groups).toMatchObject([
      { GroupName: "platform-admin" },
    ]);
    const { UserPoolClient } = await cloud.sdk.send(
      new DescribeUserPoolClientCommand({ UserPoolId: POOL, ClientId: CLIENT }),
    );
    expect(UserPoolClient).toMatchObject({ ClientName: "Api", AccessTokenValidity: 30 });
    expect(UserPoolClient?.ClientSecret).toBeUndefined();
    expect(await failure(cloud.sdk.send(new AdminSetUserPasswordCommand({ ...admin, Password: "Aa1-aaaa" })))).toMatch(
      /^InvalidPasswordException.*not long enough/,
    );
    await cloud.sdk.send(setPassword);
    const { AuthenticationResult } = await cloud.signIn(CLIENT, "admin@example.com");
    expect(claims(AuthenticationResult?.AccessToken)).toMatchObject({
      sub: SUB,
      org_id: "org_platform",
      "cognito:groups": ["platform-admin"],
    });
    expect(AuthenticationResult?.ExpiresIn).toBe(1800);
  });

  test("applied again, even after a restart, keeps passwords, keys, sign-ins and what was changed since", async () => {
    const first = await start();
    await first.sdk.send(setPassword);
    const { AuthenticationResult } = await first.signIn(CLIENT, "admin@example.com");
    const jwks = await first.getJson(`/${POOL}/.well-known/jwks.json`);
    await first.close();

    const second = await start(first.data);
    expect(await second.getJson(`/${POOL}/.well-known/jwks.json`)).toEqual(jwks);
    expect(await second.getJson("/_mail")).toHaveLength(1);
    await second.signIn(CLIENT, "admin@example.com");
    await second.refresh(CLIENT, AuthenticationResult?.RefreshToken ?? "");
    await second.sdk.send(new AdminDisableUserCommand(admin));
    await second.apply();
    expect((await second.sdk.send(new AdminGetUserCommand(admin))).Enabled).toBe(false);
  });

  test("changes where the stack changed", async () => {
    const cloud = await start();
    await cloud.sdk.send(setPassword);
    await cloud.apply(graph({ user: { attributes: { email: "admin@example.com", name: "Ada" } } }));
    const { UserAttributes } = await cloud.sdk.send(new AdminGetUserCommand(admin));
    expect(UserAttributes).toContainEqual({ Name: "name", Value: "Ada" });
    await cloud.signIn(CLIENT, "admin@example.com");
  });

  test("with a trigger that would not run is refused by name", async () => {
    const cloud = await start();
    const changed = graph({
      pool: { lambdaConfig: { preSignUp: "arn:aws:lambda:us-east-1:123456789012:function:x" } },
    });
    expect(await failure(cloud.apply(changed))).toMatch(/NotImplemented|LambdaConfig\.PreSignUp/);
  });

  test("has keys of its own on each installation", async () => {
    const [one, other] = [await start(), await start()];
    expect(await one.getJson(`/${POOL}/.well-known/jwks.json`)).not.toEqual(
      await other.getJson(`/${POOL}/.well-known/jwks.json`),
    );
    expect(await one.getJson(`/${POOL}/.well-known/openid-configuration`)).toMatchObject({
      issuer: `https://cognito-idp.us-east-1.amazonaws.com/${POOL}`,
    });
  });
});
