import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AdminAddUserToGroupCommand,
  AdminDisableUserCommand,
  AdminUserGlobalSignOutCommand,
  ChangePasswordCommand,
  CreateGroupCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  RevokeTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import type { Jwks } from "aws-jwt-verify/jwk";
import { claims, failure, PASSWORD, startCognito } from "./testing.ts";

let cloud: Awaited<ReturnType<typeof startCognito>>;
beforeAll(async () => {
  cloud = await startCognito();
});
afterAll(() => cloud.close());

/** A pool with one user signed in. */
const signedIn = async (client: Parameters<typeof cloud.createPool>[1] = {}) => {
  const pool = await cloud.createPool({}, client);
  const sub = await cloud.createUser(pool.UserPoolId, "ann@example.com");
  const { AuthenticationResult } = await cloud.signIn(pool.ClientId, "ann@example.com");
  return {
    ...pool,
    sub,
    access: AuthenticationResult?.AccessToken ?? "",
    refresh: AuthenticationResult?.RefreshToken ?? "",
    id: AuthenticationResult?.IdToken ?? "",
    result: AuthenticationResult,
  };
};

const verifier = async (userPoolId: string, clientId: string, tokenUse: "access" | "id") => {
  const made = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse });
  made.cacheJwks((await cloud.getJson(`/${userPoolId}/.well-known/jwks.json`)) as Jwks);
  return made;
};

describe("tokens", () => {
  test("verify with the pool's published keys and carry Cognito's claims", async () => {
    const user = await signedIn();
    const { sdk } = cloud;
    await sdk.send(new CreateGroupCommand({ UserPoolId: user.UserPoolId, GroupName: "platform-admin" }));
    await sdk.send(
      new AdminAddUserToGroupCommand({
        UserPoolId: user.UserPoolId,
        Username: "ann@example.com",
        GroupName: "platform-admin",
      }),
    );
    const { AuthenticationResult: tokens } = await cloud.signIn(user.ClientId, "ANN@example.com");
    const access = await (await verifier(user.UserPoolId, user.ClientId, "access")).verify(tokens?.AccessToken ?? "");
    const id = await (await verifier(user.UserPoolId, user.ClientId, "id")).verify(tokens?.IdToken ?? "");
    expect(access).toMatchObject({
      sub: user.sub,
      iss: `https://cognito-idp.us-east-1.amazonaws.com/${user.UserPoolId}`,
      client_id: user.ClientId,
      token_use: "access",
      scope: "aws.cognito.signin.user.admin",
      username: user.sub,
      "cognito:groups": ["platform-admin"],
    });
    expect(access.exp - access.iat).toBe(3600);
    expect(tokens).toMatchObject({ ExpiresIn: 3600, TokenType: "Bearer" });
    expect(Object.keys(access).toSorted()).toEqual(
      "auth_time client_id cognito:groups event_id exp iat iss jti origin_jti scope sub token_use username".split(" "),
    );
    expect(id).toMatchObject({
      sub: user.sub,
      aud: user.ClientId,
      "cognito:username": user.sub,
      token_use: "id",
      email: "ann@example.com",
      origin_jti: access.origin_jti,
    });
  });

  test("of one pool are refused by another's verifier, and an id token is no access token", async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    const strange = (await verifier(other.UserPoolId, other.ClientId, "access")).verify(one.access);
    await expect(strange).rejects.toThrow(/issuer|JWK/i);
    await expect((await verifier(one.UserPoolId, one.ClientId, "access")).verify(one.id)).rejects.toThrow(/token use/i);
    expect(await failure(cloud.sdk.send(new GetUserCommand({ AccessToken: one.id })))).toBe(
      "NotAuthorizedException: Invalid Access Token",
    );
  });

  test("live as long as the client says", async () => {
    const user = await signedIn({
      AccessTokenValidity: 10,
      IdTokenValidity: 20,
      TokenValidityUnits: { AccessToken: "minutes", IdToken: "minutes" },
    });
    const [access, id] = [claims(user.access), claims(user.id)];
    expect(Number(access["exp"]) - Number(access["iat"])).toBe(600);
    expect(Number(id["exp"]) - Number(id["iat"])).toBe(1200);
    expect(user.result?.ExpiresIn).toBe(600);
  });

  test("altered in any part are refused", async () => {
    const { access } = await signedIn();
    const [header = "", , signature = ""] = access.split(".");
    const forged = Buffer.from(JSON.stringify({ ...claims(access), username: "root" })).toString("base64url");
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    const payload = access.split(".")[1] ?? "";
    for (const token of [`${header}.${forged}.${signature}`, `${none}.${payload}.`, `${header}.${payload}.AAAA`, "x"])
      expect(await failure(cloud.sdk.send(new GetUserCommand({ AccessToken: token })))).toBe(
        "NotAuthorizedException: Invalid Access Token",
      );
  });
});

describe("a refresh token", () => {
  test("gives new tokens of the same sign-in and no new refresh token", async () => {
    const user = await signedIn();
    const { AuthenticationResult: fresh } = await cloud.refresh(user.ClientId, user.refresh);
    expect(fresh?.RefreshToken).toBeUndefined();
    const [before, after] = [claims(user.access), claims(fresh?.AccessToken)];
    expect(after["origin_jti"]).toBe(before["origin_jti"]);
    expect(after["auth_time"]).toBe(before["auth_time"]);
    expect(after["jti"]).not.toBe(before["jti"]);
    await (await verifier(user.UserPoolId, user.ClientId, "access")).verify(fresh?.AccessToken ?? "");
  });

  test("is dead once revoked, and so is the access token for Cognito's own calls", async () => {
    const user = await signedIn();
    await cloud.sdk.send(new GetUserCommand({ AccessToken: user.access }));
    await cloud.sdk.send(new RevokeTokenCommand({ ClientId: user.ClientId, Token: user.refresh }));
    expect(await failure(cloud.refresh(user.ClientId, user.refresh))).toBe(
      "NotAuthorizedException: Refresh Token has been revoked",
    );
    expect(await failure(cloud.sdk.send(new GetUserCommand({ AccessToken: user.access })))).toBe(
      "NotAuthorizedException: Access Token has been revoked",
    );
  });

  test("ends with its time, is of one client only, and cannot be guessed", async () => {
    const user = await signedIn({ RefreshTokenValidity: 1, TokenValidityUnits: { RefreshToken: "days" } });
    const other = await cloud.createPool();
    const invalid = "NotAuthorizedException: Invalid Refresh Token";
    expect(await failure(cloud.refresh(other.ClientId, user.refresh))).toBe(invalid);
    expect(await failure(cloud.refresh(user.ClientId, `${user.refresh}x`))).toBe(invalid);
    cloud.pass(86_401);
    expect(await failure(cloud.refresh(user.ClientId, user.refresh))).toBe(
      "NotAuthorizedException: Refresh Token has expired",
    );
  });

  test.for([
    ["GlobalSignOut", (user: { access: string }) => new GlobalSignOutCommand({ AccessToken: user.access })],
    [
      "AdminUserGlobalSignOut",
      (user: { UserPoolId: string }) =>
        new AdminUserGlobalSignOutCommand({ UserPoolId: user.UserPoolId, Username: "ann@example.com" }),
    ],
    [
      "AdminDisableUser",
      (user: { UserPoolId: string }) =>
        new AdminDisableUserCommand({ UserPoolId: user.UserPoolId, Username: "ann@example.com" }),
    ],
  ] as const)("is dead after %s", async ([, command]) => {
    const user = await signedIn();
    await cloud.sdk.send(command(user) as GlobalSignOutCommand);
    expect(await failure(cloud.refresh(user.ClientId, user.refresh))).toMatch(/^NotAuthorizedException/);
  });

  test("that rotates is replaced, and the old one ends", async () => {
    const user = await signedIn({ RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 10 } });
    const exchange = (RefreshToken: string) =>
      cloud.sdk.send(new GetTokensFromRefreshTokenCommand({ ClientId: user.ClientId, RefreshToken }));
    const { AuthenticationResult: next } = await exchange(user.refresh);
    expect(next?.RefreshToken).toBeDefined();
    await exchange(user.refresh);
    cloud.pass(11);
    expect(await failure(exchange(user.refresh))).toBe("NotAuthorizedException: Refresh Token has expired");
    await exchange(next?.RefreshToken ?? "");
  });
});

test("a signed-in user reads itself and changes its password", async () => {
  const user = await signedIn();
  const self = await cloud.sdk.send(new GetUserCommand({ AccessToken: user.access }));
  expect(self.Username).toBe(user.sub);
  expect(self.UserAttributes).toContainEqual({ Name: "email", Value: "ann@example.com" });
  const change = (PreviousPassword: string, ProposedPassword: string) =>
    cloud.sdk.send(new ChangePasswordCommand({ AccessToken: user.access, PreviousPassword, ProposedPassword }));
  expect(await failure(change("Wrong-Horse-9", "Other-Horse-9"))).toMatch(/^NotAuthorizedException/);
  expect(await failure(change(PASSWORD, "short"))).toMatch(/^InvalidPasswordException/);
  await change(PASSWORD, "Other-Horse-9");
  expect(await failure(cloud.signIn(user.ClientId, "ann@example.com"))).toMatch(/^NotAuthorizedException/);
  await cloud.signIn(user.ClientId, "ann@example.com", "Other-Horse-9");
});
