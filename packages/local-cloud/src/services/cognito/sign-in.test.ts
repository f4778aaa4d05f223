import { createHmac } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminInitiateAuthCommand,
  AdminSetUserPasswordCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { failure, PASSWORD, startCognito } from "./testing.ts";

let cloud: Awaited<ReturnType<typeof startCognito>>;
beforeAll(async () => {
  cloud = await startCognito();
});
afterAll(() => cloud.close());

const WRONG = "NotAuthorizedException: Incorrect username or password.";
const TEMPORARY = "Temporary-Horse-1";

describe("a temporary password", () => {
  const invite = (UserPoolId: string, Username = "bob@example.com") =>
    cloud.sdk.send(
      new AdminCreateUserCommand({ UserPoolId, Username, TemporaryPassword: TEMPORARY, MessageAction: "SUPPRESS" }),
    );
  const respond = (ClientId: string, Session: string | undefined, NEW_PASSWORD: string, USERNAME = "bob@example.com") =>
    cloud.sdk.send(
      new RespondToAuthChallengeCommand({
        ClientId,
        Session,
        ChallengeName: "NEW_PASSWORD_REQUIRED",
        ChallengeResponses: { USERNAME, NEW_PASSWORD },
      }),
    );

  test("must be changed before there are tokens", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await invite(UserPoolId);
    const challenge = await cloud.signIn(ClientId, "bob@example.com", TEMPORARY);
    expect(challenge.AuthenticationResult).toBeUndefined();
    expect(challenge.ChallengeName).toBe("NEW_PASSWORD_REQUIRED");
    expect(JSON.parse(challenge.ChallengeParameters?.["userAttributes"] ?? "")).toEqual({ email: "bob@example.com" });

    expect(await failure(respond(ClientId, challenge.Session, "weak"))).toMatch(/^InvalidPasswordException/);
    expect(await failure(respond(ClientId, "x".repeat(40), PASSWORD))).toMatch(/^NotAuthorizedException/);
    const done = await respond(ClientId, challenge.Session, PASSWORD);
    expect(done.AuthenticationResult?.AccessToken).toBeDefined();
    expect(await failure(respond(ClientId, challenge.Session, "Another-Horse-9"))).toMatch(/^NotAuthorizedException/);
    expect(await failure(cloud.signIn(ClientId, "bob@example.com", TEMPORARY))).toBe(WRONG);
    await cloud.signIn(ClientId, "bob@example.com", PASSWORD);
  });

  test("of one user does not open another's account", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await invite(UserPoolId);
    await cloud.createUser(UserPoolId, "carol@example.com");
    const { Session } = await cloud.signIn(ClientId, "bob@example.com", TEMPORARY);
    expect(await failure(respond(ClientId, Session, "Stolen-Horse-9", "carol@example.com"))).toMatch(
      /^NotAuthorizedException/,
    );
    await cloud.signIn(ClientId, "carol@example.com", PASSWORD);
  });

  test("ends after the policy's days", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool({
      Policies: { PasswordPolicy: { MinimumLength: 8, TemporaryPasswordValidityDays: 1 } },
    });
    await invite(UserPoolId);
    cloud.pass(86_401);
    expect(await failure(cloud.signIn(ClientId, "bob@example.com", TEMPORARY))).toMatch(
      /Temporary password has expired/,
    );
  });

  test("is of no use to who was disabled while the challenge was open", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await invite(UserPoolId);
    const { Session } = await cloud.signIn(ClientId, "bob@example.com", TEMPORARY);
    await cloud.sdk.send(new AdminDisableUserCommand({ UserPoolId, Username: "bob@example.com" }));
    expect(await failure(respond(ClientId, Session, PASSWORD))).toBe("NotAuthorizedException: User is disabled.");
  });
});

test("a disabled user with a temporary password is not even challenged", async () => {
  const { UserPoolId, ClientId } = await cloud.createPool();
  const user = { UserPoolId, Username: "zoe@example.com" };
  await cloud.sdk.send(
    new AdminCreateUserCommand({ ...user, TemporaryPassword: TEMPORARY, MessageAction: "SUPPRESS" }),
  );
  await cloud.sdk.send(new AdminDisableUserCommand(user));
  expect(await failure(cloud.signIn(ClientId, user.Username, TEMPORARY))).toBe(
    "NotAuthorizedException: User is disabled.",
  );
});

describe("signing in", () => {
  test("does not tell a wrong password from an unknown user", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await cloud.createUser(UserPoolId, "dan@example.com");
    expect(await failure(cloud.signIn(ClientId, "dan@example.com", "Wrong-Horse-9"))).toBe(WRONG);
    expect(await failure(cloud.signIn(ClientId, "nobody@example.com", "Wrong-Horse-9"))).toBe(WRONG);
    const legacy = await cloud.createPool({}, { PreventUserExistenceErrors: "LEGACY" });
    expect(await failure(cloud.signIn(legacy.ClientId, "nobody@example.com"))).toBe(
      "UserNotFoundException: User does not exist.",
    );
  });

  test("is refused to a disabled user until it is enabled again", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await cloud.createUser(UserPoolId, "eve@example.com");
    const user = { UserPoolId, Username: "eve@example.com" };
    await cloud.sdk.send(new AdminDisableUserCommand(user));
    expect(await failure(cloud.signIn(ClientId, "eve@example.com"))).toBe("NotAuthorizedException: User is disabled.");
    await cloud.sdk.send(new AdminEnableUserCommand(user));
    await cloud.signIn(ClientId, "eve@example.com");
  });

  test("pauses after five wrong passwords, even for the right one", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await cloud.createUser(UserPoolId, "fay@example.com");
    for (let guess = 0; guess < 5; guess++)
      expect(await failure(cloud.signIn(ClientId, "fay@example.com", `Guess-Horse-${guess}`))).toBe(WRONG);
    expect(await failure(cloud.signIn(ClientId, "fay@example.com"))).toMatch(/Password attempts exceeded/);
    cloud.pass(2);
    await cloud.signIn(ClientId, "fay@example.com");
  });

  test("needs a flow that the client allows; flows that are missing are named", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool({}, { ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH"] });
    await cloud.createUser(UserPoolId, "gil@example.com");
    expect(await failure(cloud.signIn(ClientId, "gil@example.com"))).toBe(
      "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client",
    );
    const srp = new InitiateAuthCommand({ ClientId, AuthFlow: "USER_SRP_AUTH", AuthParameters: {} });
    expect(await failure(cloud.sdk.send(srp))).toMatch(/^NotImplemented: .*USER_SRP_AUTH/);
  });

  test("of an administrator is its own flow", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    await cloud.createUser(UserPoolId, "hal@example.com");
    const AuthParameters = { USERNAME: "hal@example.com", PASSWORD };
    const admin = await cloud.sdk.send(
      new AdminInitiateAuthCommand({ UserPoolId, ClientId, AuthFlow: "ADMIN_USER_PASSWORD_AUTH", AuthParameters }),
    );
    expect(admin.AuthenticationResult?.AccessToken).toBeDefined();
    const publicly = new InitiateAuthCommand({ ClientId, AuthFlow: "ADMIN_USER_PASSWORD_AUTH", AuthParameters });
    expect(await failure(cloud.sdk.send(publicly))).toMatch(/^InvalidParameterException/);
  });

  test("with a client that has a secret needs the hash of it", async () => {
    const { UserPoolId, ClientId, ClientSecret } = await cloud.createPool({}, { GenerateSecret: true });
    const sub = await cloud.createUser(UserPoolId, "ida@example.com");
    const hash = (name: string) => ({
      SECRET_HASH: createHmac("sha256", ClientSecret).update(`${name}${ClientId}`).digest("base64"),
    });
    expect(await failure(cloud.signIn(ClientId, "ida@example.com"))).toMatch(/SECRET_HASH was not received/);
    expect(await failure(cloud.signIn(ClientId, "ida@example.com", PASSWORD, hash("bob")))).toMatch(/does not match/);
    const { AuthenticationResult } = await cloud.signIn(ClientId, "ida@example.com", PASSWORD, hash("ida@example.com"));
    const token = AuthenticationResult?.RefreshToken ?? "";
    expect(await failure(cloud.refresh(ClientId, token))).toMatch(/SECRET_HASH was not received/);
    await cloud.refresh(ClientId, token, hash(sub));
  });

  test("needs a client that exists", async () => {
    expect(await failure(cloud.signIn("nosuchclient", "x@example.com"))).toMatch(/^ResourceNotFoundException/);
  });
});

test("neither passwords nor refresh tokens nor private keys lie in the store in plain", async () => {
  const { UserPoolId, ClientId } = await cloud.createPool();
  await cloud.createUser(UserPoolId, "jan@example.com");
  const Password = "Very-Special-Horse-77";
  await cloud.sdk.send(
    new AdminSetUserPasswordCommand({ UserPoolId, Username: "jan@example.com", Password, Permanent: true }),
  );
  const { AuthenticationResult } = await cloud.signIn(ClientId, "jan@example.com", Password);
  const files = (await readdir(cloud.data)).filter((name) => name.startsWith("store.sqlite"));
  const stored = Buffer.concat(await Promise.all(files.map((name) => readFile(join(cloud.data, name)))));
  expect(stored.includes("jan@example.com")).toBe(true);
  expect(stored.includes(Password)).toBe(false);
  expect(stored.includes(AuthenticationResult?.RefreshToken ?? "?")).toBe(false);
  expect(stored.includes("PRIVATE KEY")).toBe(false);
});
