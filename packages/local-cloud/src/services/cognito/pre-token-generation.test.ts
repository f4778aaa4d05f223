import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  CreateGroupCommand,
  type PreTokenGenerationLambdaVersionType,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { AwsError } from "../../gateway/service.ts";
import type { Invocation } from "../../part.ts";
import { claims, failure, PASSWORD, startCognito } from "./testing.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the trigger's event, as a function sees it
type Event = any;

let trigger: (event: Event) => Promise<Invocation> | Invocation;
let events: Event[] = [];
const cloud = await startCognito({
  trigger: async (event) => {
    events.push(event);
    return trigger(event);
  },
});
afterAll(() => cloud.close());
beforeEach(() => {
  events = [];
});

/** A trigger that answers with these details. */
const answering =
  (details: unknown, member = "claimsAndScopeOverrideDetails") =>
  (event: Event): Invocation => ({ payload: { ...event, response: { [member]: details } } });

const ARN = "arn:aws:lambda:us-east-1:123456789012:function:enrich";
const poolWith = async (LambdaVersion: PreTokenGenerationLambdaVersionType = "V2_0") => {
  const pool = await cloud.createPool({
    LambdaConfig: { PreTokenGenerationConfig: { LambdaArn: ARN, LambdaVersion } },
  });
  const sub = await cloud.createUser(pool.UserPoolId, "ann@example.com");
  await cloud.sdk.send(new CreateGroupCommand({ UserPoolId: pool.UserPoolId, GroupName: "staff" }));
  await cloud.sdk.send(
    new AdminAddUserToGroupCommand({ UserPoolId: pool.UserPoolId, Username: sub, GroupName: "staff" }),
  );
  return { ...pool, sub };
};

describe("the second version of the trigger", () => {
  test("is asked with the user, its groups and the scopes, and its claims are in the tokens", async () => {
    trigger = answering({
      accessTokenGeneration: {
        claimsToAddOrOverride: {
          org_id: "org_platform",
          permissions: "tenants:read tenants:write",
          level: 3,
          tags: ["a"],
        },
        scopesToAdd: ["tenants"],
        scopesToSuppress: ["aws.cognito.signin.user.admin"],
      },
      idTokenGeneration: { claimsToAddOrOverride: { org_id: "org_platform" }, claimsToSuppress: ["email"] },
    });
    const { UserPoolId, ClientId, sub } = await poolWith();
    const { AuthenticationResult } = await cloud.signIn(ClientId, "ann@example.com");
    expect(events).toEqual([
      {
        version: "2",
        triggerSource: "TokenGeneration_Authentication",
        region: "us-east-1",
        userPoolId: UserPoolId,
        userName: sub,
        callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: ClientId },
        request: {
          userAttributes: { sub, email: "ann@example.com", "cognito:user_status": "CONFIRMED" },
          groupConfiguration: { groupsToOverride: ["staff"], iamRolesToOverride: [], preferredRole: null },
          scopes: ["aws.cognito.signin.user.admin"],
        },
        response: { claimsAndScopeOverrideDetails: null },
      },
    ]);
    const [access, id] = [claims(AuthenticationResult?.AccessToken), claims(AuthenticationResult?.IdToken)];
    expect(access).toMatchObject({
      org_id: "org_platform",
      permissions: "tenants:read tenants:write",
      level: 3,
      tags: ["a"],
      scope: "tenants",
    });
    expect(id).toMatchObject({ org_id: "org_platform" });
    expect(id).not.toHaveProperty("email");
  });

  test("cannot touch the reserved claims", async () => {
    const { ClientId, sub } = await poolWith();
    trigger = answering({});
    const before = claims((await cloud.signIn(ClientId, "ann@example.com")).AuthenticationResult?.AccessToken);
    const reserved = "sub iss client_id token_use exp iat auth_time origin_jti jti username scope event_id aud".split(
      " ",
    );
    const forged = Object.fromEntries(reserved.map((name) => [name, "forged"]));
    trigger = answering({
      accessTokenGeneration: { claimsToAddOrOverride: forged, claimsToSuppress: reserved },
      idTokenGeneration: { claimsToAddOrOverride: { sub: "forged", aud: "forged", "cognito:username": "forged" } },
    });
    const { AuthenticationResult } = await cloud.signIn(ClientId, "ann@example.com");
    const [access, id] = [claims(AuthenticationResult?.AccessToken), claims(AuthenticationResult?.IdToken)];
    expect(Object.keys(access).toSorted()).toEqual(Object.keys(before).toSorted());
    expect(Object.values(access)).not.toContain("forged");
    expect(id).toMatchObject({ sub, aud: ClientId, "cognito:username": sub });
  });

  test("overrides the groups, and may name the client as the audience", async () => {
    const { ClientId } = await poolWith();
    trigger = answering({
      accessTokenGeneration: { claimsToAddOrOverride: { aud: ClientId } },
      groupOverrideDetails: { groupsToOverride: ["other"] },
    });
    const { AuthenticationResult } = await cloud.signIn(ClientId, "ann@example.com");
    expect(claims(AuthenticationResult?.AccessToken)).toMatchObject({ "cognito:groups": ["other"], aud: ClientId });
    expect(claims(AuthenticationResult?.IdToken)).toMatchObject({ "cognito:groups": ["other"] });
  });

  test("is told whether this is a sign-in, a new password or a refresh", async () => {
    trigger = answering(null);
    const { UserPoolId, ClientId } = await poolWith("V3_0");
    const { AuthenticationResult } = await cloud.signIn(ClientId, "ann@example.com");
    await cloud.refresh(ClientId, AuthenticationResult?.RefreshToken ?? "");
    const Username = "bob@example.com";
    await cloud.sdk.send(
      new AdminCreateUserCommand({ UserPoolId, Username, TemporaryPassword: PASSWORD, MessageAction: "SUPPRESS" }),
    );
    const { Session } = await cloud.signIn(ClientId, Username);
    await cloud.sdk.send(
      new RespondToAuthChallengeCommand({
        ClientId,
        Session,
        ChallengeName: "NEW_PASSWORD_REQUIRED",
        ChallengeResponses: { USERNAME: Username, NEW_PASSWORD: "Other-Horse-9" },
        ClientMetadata: { from: "console" },
      }),
    );
    expect(events.map(({ triggerSource }) => triggerSource)).toEqual([
      "TokenGeneration_Authentication",
      "TokenGeneration_RefreshTokens",
      "TokenGeneration_NewPasswordChallenge",
    ]);
    expect(events[2].request.clientMetadata).toEqual({ from: "console" });
    expect(events[0].version).toBe("3");
  });

  test.for([
    [
      "it throws",
      (): Invocation => ({ payload: null, error: { errorType: "Error", errorMessage: "no membership" } }),
      "UserLambdaValidationException: PreTokenGeneration failed with error no membership.",
    ],
    ["it answers nothing", (): Invocation => ({ payload: null }), /^InvalidLambdaResponseException/],
    [
      "it is not there",
      (): Promise<Invocation> => Promise.reject(new AwsError("ResourceNotFoundException", "Function not found", 404)),
      /^UnexpectedLambdaException/,
    ],
  ] as const)("fails the sign-in when %s", async ([, run, message]) => {
    const { ClientId } = await poolWith();
    trigger = run;
    expect(await failure(cloud.signIn(ClientId, "ann@example.com"))).toMatch(message);
  });
});

test("the first version writes texts into the id token only", async () => {
  trigger = answering({ claimsToAddOrOverride: { org_id: 7 }, claimsToSuppress: ["email"] }, "claimsOverrideDetails");
  const { ClientId } = await poolWith("V1_0");
  const { AuthenticationResult } = await cloud.signIn(ClientId, "ann@example.com");
  expect(events[0].version).toBe("1");
  expect(events[0].request).not.toHaveProperty("scopes");
  expect(claims(AuthenticationResult?.IdToken)).toMatchObject({ org_id: "7" });
  expect(claims(AuthenticationResult?.IdToken)).not.toHaveProperty("email");
  expect(claims(AuthenticationResult?.AccessToken)).not.toHaveProperty("org_id");
});
