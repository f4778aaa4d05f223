import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
  AdminRemoveUserFromGroupCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  CreateGroupCommand,
  DeleteGroupCommand,
  DeleteUserPoolClientCommand,
  DeleteUserPoolCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  GetGroupCommand,
  ListGroupsCommand,
  ListUserPoolClientsCommand,
  ListUserPoolsCommand,
  ListUsersCommand,
  ListUsersInGroupCommand,
  SignUpCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { failure, startCognito } from "./testing.ts";

let cloud: Awaited<ReturnType<typeof startCognito>>;
beforeAll(async () => {
  cloud = await startCognito();
});
afterAll(() => cloud.close());

type Mail = { id: string; to: string[]; from: string; subject: string };
const mailTo = async (address: string) => (await cloud.getJson(`/_mail?to=${encodeURIComponent(address)}`)) as Mail[];
const readMail = async (id: string) => (await fetch(`${cloud.client.endpoint}/_mail/${id}`)).text();

describe("inviting a user", () => {
  test("sends the pool's own template with the temporary password, which signs in", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool({
      AdminCreateUserConfig: {
        InviteMessageTemplate: {
          EmailSubject: "Welcome to Tenantry",
          EmailMessage: "User: {username}<br>Code: {####} !",
        },
      },
      EmailConfiguration: { EmailSendingAccount: "DEVELOPER", From: "Tenantry <hello@tenantry.test>" },
    });
    const { User } = await cloud.sdk.send(
      new AdminCreateUserCommand({ UserPoolId, Username: "kim@example.com", DesiredDeliveryMediums: ["EMAIL"] }),
    );
    expect(User).toMatchObject({ Enabled: true, UserStatus: "FORCE_CHANGE_PASSWORD" });
    expect(User?.Attributes).toContainEqual({ Name: "sub", Value: User?.Username });
    const [mail] = await mailTo("KIM@example.com");
    expect(mail).toMatchObject({
      from: "hello@tenantry.test",
      subject: "Welcome to Tenantry",
      to: ["kim@example.com"],
    });
    const message = await readMail(mail?.id ?? "");
    expect(message).toContain("User: kim@example.com");
    const [, password = ""] = /Code: (\S+) !/.exec(message) ?? [];
    expect((await cloud.signIn(ClientId, "kim@example.com", password)).ChallengeName).toBe("NEW_PASSWORD_REQUIRED");
  });

  test("again makes a new password; not at all when suppressed", async () => {
    const { UserPoolId, ClientId } = await cloud.createPool();
    const invite = (more: object) =>
      cloud.sdk.send(new AdminCreateUserCommand({ UserPoolId, Username: "lea@example.com", ...more }));
    await invite({ MessageAction: "SUPPRESS", TemporaryPassword: "First-Horse-1" });
    expect(await mailTo("lea@example.com")).toEqual([]);
    await invite({ MessageAction: "RESEND", TemporaryPassword: "Second-Horse-2" });
    expect(await mailTo("lea@example.com")).toHaveLength(1);
    expect(await failure(cloud.signIn(ClientId, "lea@example.com", "First-Horse-1"))).toMatch(/Incorrect/);
    await cloud.signIn(ClientId, "lea@example.com", "Second-Horse-2");
    await cloud.createUser(UserPoolId, "max@example.com");
    expect(
      await failure(
        cloud.sdk.send(
          new AdminCreateUserCommand({ UserPoolId, Username: "max@example.com", MessageAction: "RESEND" }),
        ),
      ),
    ).toMatch(/^UnsupportedUserStateException/);
  });

  test("twice at once makes one user, whatever the case of the address", async () => {
    const { UserPoolId } = await cloud.createPool();
    const names = ["ned@example.com", "NED@example.com", "ned@Example.com", "ned@example.com"];
    const outcomes = await Promise.all(
      names.map((Username) => failure(cloud.sdk.send(new AdminCreateUserCommand({ UserPoolId, Username })))),
    );
    expect(outcomes.filter((outcome) => outcome === "nothing was thrown")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.startsWith("UsernameExistsException"))).toHaveLength(3);
    expect((await cloud.sdk.send(new ListUsersCommand({ UserPoolId }))).Users).toHaveLength(1);
  });

  test.for([
    ["not an address", { Username: "plain" }, /^InvalidParameterException: Username should be an email/],
    ["a weak password", { Username: "o@example.com", TemporaryPassword: "weak" }, /^InvalidPasswordException/],
    [
      "an attribute outside the schema",
      { Username: "o@example.com", UserAttributes: [{ Name: "custom:tier", Value: "x" }] },
      /^InvalidParameterException: .*schema/,
    ],
    [
      "a sub of one's own",
      { Username: "o@example.com", UserAttributes: [{ Name: "sub", Value: "x" }] },
      /^InvalidParameterException/,
    ],
  ] as const)("is refused with %s", async ([, input, message]) => {
    const { UserPoolId } = await cloud.createPool();
    const command = new AdminCreateUserCommand({
      UserPoolId,
      ...input,
      UserAttributes: [...("UserAttributes" in input ? input.UserAttributes : [])],
    });
    expect(await failure(cloud.sdk.send(command))).toMatch(message);
    expect((await cloud.sdk.send(new ListUsersCommand({ UserPoolId }))).Users).toEqual([]);
  });
});

test("passwords are held to the pool's policy, rule by rule", async () => {
  const { UserPoolId } = await cloud.createPool();
  await cloud.createUser(UserPoolId, "pia@example.com");
  const broken = (Password: string) =>
    failure(cloud.sdk.send(new AdminSetUserPasswordCommand({ UserPoolId, Username: "pia@example.com", Password })));
  expect(await broken("aB1-")).toMatch(/not long enough/);
  expect(await broken("abcdefg1-")).toMatch(/uppercase/);
  expect(await broken("ABCDEFG1-")).toMatch(/lowercase/);
  expect(await broken("ABCDefgh-")).toMatch(/numeric/);
  expect(await broken("ABCDefgh1")).toMatch(/symbol/);
});

test("a user's attributes change, its new address signs in, and the old one is free again", async () => {
  const { UserPoolId, ClientId } = await cloud.createPool();
  await cloud.createUser(UserPoolId, "quy@example.com");
  await cloud.createUser(UserPoolId, "ray@example.com");
  const rename = (email: string) =>
    cloud.sdk.send(
      new AdminUpdateUserAttributesCommand({
        UserPoolId,
        Username: "quy@example.com",
        UserAttributes: [{ Name: "email", Value: email }],
      }),
    );
  expect(await failure(rename("RAY@example.com"))).toMatch(/^AliasExistsException/);
  await rename("new@example.com");
  await cloud.signIn(ClientId, "new@example.com");
  expect(await failure(cloud.signIn(ClientId, "quy@example.com"))).toMatch(/^NotAuthorizedException/);
  const { UserAttributes } = await cloud.sdk.send(new AdminGetUserCommand({ UserPoolId, Username: "new@example.com" }));
  expect(UserAttributes).toContainEqual({ Name: "email_verified", Value: "false" });
  await cloud.createUser(UserPoolId, "quy@example.com");
});

test("a deleted user is gone, with its sign-ins", async () => {
  const { UserPoolId, ClientId } = await cloud.createPool();
  await cloud.createUser(UserPoolId, "sam@example.com");
  const { AuthenticationResult } = await cloud.signIn(ClientId, "sam@example.com");
  await cloud.sdk.send(new AdminDeleteUserCommand({ UserPoolId, Username: "sam@example.com" }));
  expect(await failure(cloud.refresh(ClientId, AuthenticationResult?.RefreshToken ?? ""))).toMatch(
    /^NotAuthorizedException/,
  );
  const get = new AdminGetUserCommand({ UserPoolId, Username: "sam@example.com" });
  expect(await failure(cloud.sdk.send(get))).toBe("UserNotFoundException: User does not exist.");
  await cloud.createUser(UserPoolId, "sam@example.com");
});

test("users are listed in pages and found by filters", async () => {
  const { UserPoolId } = await cloud.createPool();
  const invite = (Username: string, name: string) =>
    cloud.sdk.send(
      new AdminCreateUserCommand({
        UserPoolId,
        Username,
        MessageAction: "SUPPRESS",
        UserAttributes: [{ Name: "name", Value: name }],
      }),
    );
  for (let n = 0; n < 7; n++) await invite(`user${n}@example.com`, `Name "${n}"`);
  const seen: (string | undefined)[] = [];
  let token: string | undefined;
  do {
    const answer = await cloud.sdk.send(new ListUsersCommand({ UserPoolId, Limit: 3, PaginationToken: token }));
    seen.push(...(answer.Users ?? []).map(({ Username }) => Username));
    token = answer.PaginationToken;
  } while (token !== undefined);
  expect(new Set(seen).size).toBe(7);
  expect(seen).toHaveLength(7);
  const find = async (Filter: string) => {
    const { Users = [] } = await cloud.sdk.send(new ListUsersCommand({ UserPoolId, Filter }));
    return Users.map((user) => user.Attributes?.find(({ Name }) => Name === "email")?.Value ?? "").toSorted();
  };
  expect(await find('email = "USER3@example.com"')).toEqual(["user3@example.com"]);
  expect(await find('email ^= "user"')).toHaveLength(7);
  expect(await find(String.raw`name = "Name \"4\""`)).toEqual(["user4@example.com"]);
  expect(await find(`sub = "${seen[0]}"`)).toHaveLength(1);
  expect(await find('email = "nobody@example.com"')).toEqual([]);
  expect(await failure(find("email like me"))).toMatch(/^InvalidParameterException/);
  expect(await failure(find('password = "x"'))).toMatch(/^InvalidParameterException/);
});

test("groups are kept, with their members", async () => {
  const { UserPoolId } = await cloud.createPool();
  const sub = await cloud.createUser(UserPoolId, "tia@example.com");
  const { sdk } = cloud;
  const make = (GroupName: string) => sdk.send(new CreateGroupCommand({ UserPoolId, GroupName, Precedence: 1 }));
  await make("support");
  await make("billing");
  expect(await failure(make("support"))).toMatch(/^GroupExistsException/);
  const member = { UserPoolId, Username: "tia@example.com", GroupName: "support" };
  await sdk.send(new AdminAddUserToGroupCommand(member));
  await sdk.send(new AdminAddUserToGroupCommand(member));
  expect(await failure(sdk.send(new AdminAddUserToGroupCommand({ ...member, GroupName: "none" })))).toMatch(
    /^ResourceNotFoundException/,
  );
  const groupsOf = async () =>
    (await sdk.send(new AdminListGroupsForUserCommand(member))).Groups?.map(({ GroupName }) => GroupName);
  expect(await groupsOf()).toEqual(["support"]);
  const { Users } = await sdk.send(new ListUsersInGroupCommand(member));
  expect(Users?.map(({ Username }) => Username)).toEqual([sub]);
  expect((await sdk.send(new ListGroupsCommand({ UserPoolId }))).Groups).toHaveLength(2);
  expect((await sdk.send(new GetGroupCommand(member))).Group).toMatchObject({ GroupName: "support", Precedence: 1 });
  await sdk.send(new AdminRemoveUserFromGroupCommand(member));
  expect(await groupsOf()).toEqual([]);
  await sdk.send(new AdminAddUserToGroupCommand(member));
  await sdk.send(new DeleteGroupCommand(member));
  expect(await groupsOf()).toEqual([]);
});

test("pools and clients are described, listed and deleted", async () => {
  const { sdk } = cloud;
  const { UserPoolId, ClientId } = await cloud.createPool({ PoolName: "to-delete" });
  const { UserPool } = await sdk.send(new DescribeUserPoolCommand({ UserPoolId }));
  expect(UserPool).toMatchObject({
    Id: UserPoolId,
    Name: "to-delete",
    UsernameAttributes: ["email"],
    Arn: `arn:aws:cognito-idp:us-east-1:123456789012:userpool/${UserPoolId}`,
  });
  expect(UserPoolId).toMatch(/^us-east-1_[A-Za-z0-9]{9}$/);
  const { UserPools } = await sdk.send(new ListUserPoolsCommand({ MaxResults: 60 }));
  expect(UserPools?.map(({ Id }) => Id)).toContain(UserPoolId);
  const client = { UserPoolId, ClientId };
  const { UserPoolClient } = await sdk.send(new DescribeUserPoolClientCommand(client));
  expect(UserPoolClient).toMatchObject({ ClientName: "api", PreventUserExistenceErrors: "ENABLED" });
  expect((await sdk.send(new ListUserPoolClientsCommand({ UserPoolId }))).UserPoolClients).toHaveLength(1);
  await sdk.send(new DeleteUserPoolClientCommand(client));
  expect(await failure(sdk.send(new DescribeUserPoolClientCommand(client)))).toMatch(/^ResourceNotFoundException/);
  await sdk.send(new DeleteUserPoolCommand({ UserPoolId }));
  expect(await failure(sdk.send(new DescribeUserPoolCommand({ UserPoolId })))).toMatch(/^ResourceNotFoundException/);
  expect((await fetch(`${cloud.client.endpoint}/${UserPoolId}/.well-known/jwks.json`)).status).toBe(400);
});

test("an action that is not there answers 501 by its name", async () => {
  const { ClientId } = await cloud.createPool();
  const signUp = cloud.sdk.send(new SignUpCommand({ ClientId, Username: "u@example.com", Password: "Aa1-aaaa" }));
  expect(await failure(signUp)).toMatch(/^NotImplemented: .*SignUp/);
  expect(await failure(cloud.createPool({ MfaConfiguration: "ON" }))).toMatch(/^NotImplemented: .*Mfa/);
});

test("a pool of plain user names keeps them, whatever their case, and knows proven addresses as aliases", async () => {
  const { UserPoolId, ClientId } = await cloud.createPool({ UsernameAttributes: [], AliasAttributes: ["email"] });
  expect(await cloud.createUser(UserPoolId, "Uma")).toBe("Uma");
  expect(await failure(cloud.createUser(UserPoolId, "uma"))).toBe(
    "UsernameExistsException: User account already exists",
  );
  await cloud.signIn(ClientId, "UMA");
  const claim = (Username: string, verified: string) =>
    cloud.sdk.send(
      new AdminUpdateUserAttributesCommand({
        UserPoolId,
        Username,
        UserAttributes: [
          { Name: "email", Value: "uma@example.com" },
          { Name: "email_verified", Value: verified },
        ],
      }),
    );
  await claim("uma", "false");
  expect(await failure(cloud.signIn(ClientId, "uma@example.com"))).toMatch(/^NotAuthorizedException/);
  await claim("uma", "true");
  await cloud.signIn(ClientId, "uma@example.com");
  await cloud.createUser(UserPoolId, "vic");
  await claim("vic", "false");
  expect(await failure(claim("vic", "true"))).toMatch(/^AliasExistsException/);
});
