import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { permissionsOf } from "@tenantry/core/access/policy";
import { beforeAll, describe, expect, test } from "vitest";
import { onboard, operator, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

const cognito = () => new CognitoIdentityProviderClient(operator(ready()));
const password = "Correct-Horse-7-Battery";

const makeUser = async (email: string, pool = ready().user_pool_id) => {
  const user = { UserPoolId: pool, Username: email };
  await cognito().send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
  await cognito().send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
  return { email, password };
};

/** Undoes quoted-printable. */
const decoded = (mail: string): string =>
  mail
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Signs in with the temporary password that Cognito mailed, and sets one of the user's own. */
const acceptInvitation = async (email: string): Promise<string> => {
  const list = await fetch(new URL(`/_mail?to=${encodeURIComponent(email)}`, ready().aws_endpoint_url));
  const mails = (await list.json()) as { id: string; subject: string }[];
  const texts = await Promise.all(
    mails.map(async ({ id }) => decoded(await (await fetch(new URL(`/_mail/${id}`, ready().aws_endpoint_url))).text())),
  );
  const temporary = texts
    .map((text) => /temporary password is (\S+)/.exec(text)?.[1])
    .find((found) => found !== undefined);
  if (temporary === undefined) throw new Error(`No invitation in:\n${texts.join("\n")}`);
  const challenge = await cognito().send(
    new InitiateAuthCommand({
      ClientId: ready().client_id,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: email, PASSWORD: temporary.replace(/\.$/, "") },
    }),
  );
  expect(challenge.ChallengeName).toBe("NEW_PASSWORD_REQUIRED");
  const { AuthenticationResult } = await cognito().send(
    new RespondToAuthChallengeCommand({
      ClientId: ready().client_id,
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: challenge.Session,
      ChallengeResponses: { USERNAME: email, NEW_PASSWORD: password },
    }),
  );
  return AuthenticationResult?.AccessToken ?? "";
};

describe("a permission that is missing", () => {
  test("is a 403 for staff whose role lacks it", async () => {
    const billing = await makeUser("billing@example.com");
    await cognito().send(
      new AdminAddUserToGroupCommand({
        UserPoolId: ready().user_pool_id,
        Username: billing.email,
        GroupName: "platform-billing",
      }),
    );
    const token = await signIn(ready(), billing);
    expect((await send(ready(), "GET", "/admin/tenants", { token })).status).toBe(200);
    const refused = await send(ready(), "POST", "/admin/tenants", {
      token,
      body: { name: "Not Allowed", tier: "trial" },
    });
    expect([refused.status, refused.body.type]).toEqual([403, "/problems/forbidden"]);
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
  });

  test("is a 403 for a user who belongs to nobody", async () => {
    const token = await signIn(ready(), await makeUser("nobody@example.com"));
    for (const path of ["/admin/tenants", "/admin/operations"])
      expect((await send(ready(), "GET", path, { token })).status).toBe(403);
  });
});

describe("the owner of a tenant", () => {
  let token: string;
  let own: string;
  let foreign: string;

  beforeAll(async () => {
    const admin = await signIn(ready());
    const one = await onboard(ready(), admin, {
      name: "Owned Inc",
      tier: "trial",
      owner: { email: "olga@owned.example" },
    });
    const other = await onboard(ready(), admin, {
      name: "Foreign Inc",
      tier: "trial",
      owner: { email: "fred@foreign.example" },
    });
    own = one.accepted.tenant.id;
    foreign = other.accepted.tenant.id;
    token = await acceptInvitation("olga@owned.example");
  });

  const usage = (id: string) =>
    send(ready(), "GET", `/admin/tenants/${id}/usage?metric=api_calls&from=2026-11-01&to=2026-11-02&window=day`, {
      token,
    });

  test("has a token enriched with the tenant and what it permits", () => {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
      string,
      unknown
    >;
    expect(claims).toMatchObject({
      token_use: "access",
      org_id: own,
      roles: "tenant-owner",
      permissions: permissionsOf(["tenant-owner"]).join(" "),
    });
  });

  test("reads the tenant's own usage", async () => expect((await usage(own)).status).toBe(200));

  test("cannot tell a foreign tenant from none", async () => {
    const [theirs, nobodys] = await Promise.all([usage(foreign), usage("ten_01JD0000000000000000000000")]);
    expect([theirs.status, theirs.body.type]).toEqual([404, "/problems/tenant-not-found"]);
    const blank = ({ body }: typeof theirs) => ({
      ...body,
      detail: String(body.detail).replace(/ten_\w+/, ""),
      request_id: "",
    });
    expect(blank(theirs)).toEqual(blank(nobodys));
  });

  test("may not administer", async () => {
    expect((await send(ready(), "GET", `/admin/tenants/${own}`, { token })).status).toBe(403);
    expect((await send(ready(), "POST", "/admin/tenants", { token, body: { name: "X", tier: "trial" } })).status).toBe(
      403,
    );
  });
});

test("a token of another pool is refused", async () => {
  const { UserPool } = await cognito().send(
    new CreateUserPoolCommand({ PoolName: "another", UsernameAttributes: ["email"] }),
  );
  const pool = UserPool?.Id ?? "";
  const { UserPoolClient } = await cognito().send(
    new CreateUserPoolClientCommand({
      UserPoolId: pool,
      ClientName: "another",
      ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH"],
    }),
  );
  const stranger = await makeUser("stranger@example.com", pool);
  const token = await signIn({ ...ready(), client_id: UserPoolClient?.ClientId ?? "" }, stranger);
  expect(token.split(".")).toHaveLength(3);
  const refused = await send(ready(), "GET", "/admin/tenants", { token });
  expect([refused.status, refused.body.type]).toEqual([401, "/problems/unauthenticated"]);
});

test("one token reads two tenants in a row: a cached decision is for its own path", async () => {
  const admin = await signIn(ready());
  const { body } = await send(ready(), "GET", "/admin/tenants?limit=2", { token: admin });
  expect(body.items).toHaveLength(2);
  for (const { id } of body.items as { id: string }[])
    expect((await send(ready(), "GET", `/admin/tenants/${id}`, { token: admin })).status).toBe(200);
});
