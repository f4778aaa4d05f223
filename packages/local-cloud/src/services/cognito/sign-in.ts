import { AwsError, notImplemented } from "../../gateway/service.ts";
import { type Input, optionalText, text } from "../input.ts";
import type { Challenges } from "./challenges.ts";
import { allowsFlow, requireSecretHash } from "./clients.ts";
import type { Lockout } from "./lockout.ts";
import type { Client, Pool, User } from "./model.ts";
import { verifyPassword, wasteACheck } from "./passwords.ts";
import { redeem } from "./sessions.ts";
import { type Cognito, invalidParameter, needPool, notAuthorized } from "./state.ts";
import { type AuthenticationResult, issueTokens } from "./tokens.ts";
import { findUser, userNotFound } from "./users.ts";

export type SignIn = { readonly cognito: Cognito; readonly lockout: Lockout; readonly challenges: Challenges };

export type SignInAnswer =
  | {
      readonly AuthenticationResult: AuthenticationResult;
      readonly ChallengeParameters: Readonly<Record<string, string>>;
    }
  | {
      readonly ChallengeName: "NEW_PASSWORD_REQUIRED";
      readonly Session: string;
      readonly ChallengeParameters: Readonly<Record<string, string>>;
    };

export const signedIn = (result: AuthenticationResult): SignInAnswer => ({
  AuthenticationResult: result,
  ChallengeParameters: {},
});

/** Everything a user may have been called in a secret hash. */
export const namesOf = (user: User): readonly string[] => [
  user.username,
  ...["email", "phone_number", "preferred_username"].flatMap((name) => user.attributes[name] ?? []),
];

const WRONG = "Incorrect username or password.";

/** The user whose password this is. Whether a user exists shows neither in the answer nor in its time. */
const checkPassword = async (
  { cognito, lockout }: SignIn,
  pool: Pool,
  client: Client,
  name: string,
  password: string,
): Promise<User> => {
  const user = findUser(cognito, pool, name);
  // Who comes from an identity provider has no password here.
  if (!user || user.identity !== undefined) {
    await wasteACheck(password);
    throw client.settings.PreventUserExistenceErrors === "ENABLED" ? notAuthorized(WRONG) : userNotFound();
  }
  const key = `${pool.id}/${user.username}`;
  lockout.check(key);
  if (!(await verifyPassword(password, user.passwordHash))) {
    lockout.failed(key);
    throw notAuthorized(WRONG);
  }
  lockout.succeeded(key);
  // What the user is now, after the check's pause.
  const current = findUser(cognito, pool, user.username);
  if (current?.passwordHash !== user.passwordHash) throw notAuthorized(WRONG);
  return current;
};

const byPassword = async (signIn: SignIn, pool: Pool, client: Client, parameters: Input): Promise<SignInAnswer> => {
  const { cognito } = signIn;
  if (!parameters["USERNAME"]) throw invalidParameter("Missing required parameter USERNAME");
  if (!parameters["PASSWORD"]) throw invalidParameter("Missing required parameter PASSWORD");
  const name = text(parameters, "USERNAME");
  requireSecretHash(client, optionalText(parameters, "SECRET_HASH"), [name]);
  const user = await checkPassword(signIn, pool, client, name, text(parameters, "PASSWORD"));
  if (!user.enabled) throw notAuthorized("User is disabled.");
  if (user.status === "RESET_REQUIRED")
    throw new AwsError("PasswordResetRequiredException", "Password reset required for the user");
  if (user.status === "CONFIRMED")
    return signedIn(await issueTokens(cognito, { pool, client, user, source: "TokenGeneration_Authentication" }));
  if ((user.passwordEndsAt ?? Infinity) <= cognito.now())
    throw notAuthorized("Temporary password has expired and must be reset by an administrator.");
  const { sub: _, ...attributes } = user.attributes;
  return {
    ChallengeName: "NEW_PASSWORD_REQUIRED",
    Session: signIn.challenges.open(client, user),
    ChallengeParameters: {
      USER_ID_FOR_SRP: user.username,
      requiredAttributes: "[]",
      userAttributes: JSON.stringify(attributes),
    },
  };
};

const byRefreshToken = async (
  { cognito }: SignIn,
  pool: Pool,
  client: Client,
  parameters: Input,
): Promise<SignInAnswer> => {
  if (!parameters["REFRESH_TOKEN"]) throw invalidParameter("Missing required parameter REFRESH_TOKEN");
  if (client.settings.RefreshTokenRotation?.Feature === "ENABLED")
    throw notAuthorized("Refresh token rotation is enabled for this client: use GetTokensFromRefreshToken.");
  const session = redeem(cognito, client, text(parameters, "REFRESH_TOKEN"));
  const user = findUser(cognito, pool, session.username);
  if (!user?.enabled) throw notAuthorized("User is disabled.");
  requireSecretHash(client, optionalText(parameters, "SECRET_HASH"), namesOf(user));
  return signedIn(await issueTokens(cognito, { pool, client, user, session, source: "TokenGeneration_RefreshTokens" }));
};

/** The flows, and the name under which a client is allowed each. */
const FLOWS = {
  USER_PASSWORD_AUTH: { allowed: "USER_PASSWORD_AUTH", admin: false, run: byPassword },
  ADMIN_USER_PASSWORD_AUTH: { allowed: "ADMIN_USER_PASSWORD_AUTH", admin: true, run: byPassword },
  ADMIN_NO_SRP_AUTH: { allowed: "ADMIN_NO_SRP_AUTH", admin: true, run: byPassword },
  REFRESH_TOKEN_AUTH: { allowed: "REFRESH_TOKEN_AUTH", admin: null, run: byRefreshToken },
  REFRESH_TOKEN: { allowed: "REFRESH_TOKEN_AUTH", admin: null, run: byRefreshToken },
} as const;

const MISSING = new Set(["USER_SRP_AUTH", "CUSTOM_AUTH", "USER_AUTH"]);

/** InitiateAuth, and AdminInitiateAuth when `admin`. */
export const initiateAuth = async (
  signIn: SignIn,
  client: Client,
  input: Input,
  admin: boolean,
): Promise<SignInAnswer> => {
  const name = text(input, "AuthFlow");
  if (MISSING.has(name)) throw notImplemented("cognito-idp", `${admin ? "Admin" : ""}InitiateAuth ${name}`);
  const flow = Object.hasOwn(FLOWS, name) ? FLOWS[name as keyof typeof FLOWS] : undefined;
  if (!flow || (flow.admin !== null && flow.admin !== admin))
    throw invalidParameter("Initiate Auth method not supported.");
  if (!allowsFlow(client, flow.allowed))
    throw invalidParameter(
      admin ? "Auth flow not enabled for this client" : `${name} flow not enabled for this client`,
    );
  const parameters = input["AuthParameters"];
  return flow.run(signIn, needPool(signIn.cognito, client.poolId), client, (parameters ?? {}) as Input);
};
