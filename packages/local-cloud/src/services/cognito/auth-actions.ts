import { AwsError } from "../../gateway/service.ts";
import type { JsonAction } from "../../protocols/json.ts";
import { type Input, optionalText, text, textMap } from "../input.ts";
import { attributeList } from "./attributes.ts";
import { openChallenges } from "./challenges.ts";
import { requireSecret } from "./clients.ts";
import { openLockout } from "./lockout.ts";
import { respondToAuthChallenge } from "./new-password.ts";
import { hashPassword, requirePolicy, verifyPassword } from "./passwords.ts";
import { findSession, newRefreshToken, redeem, retire, revoke, signOut } from "./sessions.ts";
import { initiateAuth, type SignIn } from "./sign-in.ts";
import { type Cognito, needClient, needPool, notAuthorized } from "./state.ts";
import { authenticate, issueTokens } from "./tokens.ts";
import { findUser, updateUser } from "./users.ts";

const getTokensFromRefreshToken = async (cognito: Cognito, input: Input): Promise<unknown> => {
  const client = needClient(cognito, text(input, "ClientId"));
  requireSecret(client, optionalText(input, "ClientSecret"));
  const token = text(input, "RefreshToken");
  const session = redeem(cognito, client, token);
  const pool = needPool(cognito, client.poolId);
  const user = findUser(cognito, pool, session.username);
  if (!user?.enabled) throw notAuthorized("User is disabled.");
  const metadata = input["ClientMetadata"] === undefined ? undefined : textMap(input, "ClientMetadata");
  const source = "TokenGeneration_RefreshTokens";
  const tokens = await issueTokens(cognito, { pool, client, user, session, source, metadata });
  const rotation = client.settings.RefreshTokenRotation;
  if (rotation?.Feature !== "ENABLED") return { AuthenticationResult: tokens };
  // Of two that came with one token, the later finds it still within its grace, or dead.
  redeem(cognito, client, token);
  retire(cognito, token, rotation.RetryGracePeriodSeconds ?? 0);
  return { AuthenticationResult: { ...tokens, RefreshToken: newRefreshToken(cognito, session) } };
};

const revokeToken = (cognito: Cognito, input: Input): void => {
  const client = needClient(cognito, text(input, "ClientId"));
  requireSecret(client, optionalText(input, "ClientSecret"));
  if (client.settings.EnableTokenRevocation === false)
    throw new AwsError("UnsupportedOperationException", "Token revocation is not enabled for this client.");
  const token = text(input, "Token");
  if (token.startsWith("eyJ")) throw new AwsError("UnsupportedTokenTypeException", "Unsupported token type");
  revoke(cognito, findSession(cognito, client, token).session);
};

const changePassword = async (cognito: Cognito, input: Input): Promise<void> => {
  const { pool, user } = await authenticate(cognito, text(input, "AccessToken"));
  const proposed = text(input, "ProposedPassword");
  if (!(await verifyPassword(text(input, "PreviousPassword"), user.passwordHash)))
    throw notAuthorized("Incorrect username or password.");
  requirePolicy(pool.settings, proposed);
  const passwordHash = await hashPassword(proposed);
  updateUser(cognito, pool, user.username, (current) => {
    if (current.passwordHash !== user.passwordHash) throw notAuthorized("Incorrect username or password.");
    return { passwordHash };
  });
};

/** Signing in and out, and what a signed-in user does for itself. */
export const authActions = (cognito: Cognito): Readonly<Record<string, JsonAction>> => {
  const signIn: SignIn = { cognito, lockout: openLockout(cognito.now), challenges: openChallenges(cognito.now) };
  const adminClient = (input: Input) => needClient(cognito, text(input, "ClientId"), text(input, "UserPoolId"));
  return {
    InitiateAuth: (input: Input) => initiateAuth(signIn, needClient(cognito, text(input, "ClientId")), input, false),
    AdminInitiateAuth: (input: Input) => initiateAuth(signIn, adminClient(input), input, true),
    RespondToAuthChallenge: (input: Input) =>
      respondToAuthChallenge(signIn, needClient(cognito, text(input, "ClientId")), input),
    AdminRespondToAuthChallenge: (input: Input) => respondToAuthChallenge(signIn, adminClient(input), input),
    GetTokensFromRefreshToken: (input: Input) => getTokensFromRefreshToken(cognito, input),
    RevokeToken: (input: Input) => revokeToken(cognito, input),
    ChangePassword: (input: Input) => changePassword(cognito, input),
    async GetUser(input: Input) {
      const { user } = await authenticate(cognito, text(input, "AccessToken"));
      return { Username: user.username, UserAttributes: attributeList(user) };
    },
    async GlobalSignOut(input: Input) {
      const { user } = await authenticate(cognito, text(input, "AccessToken"));
      signOut(cognito, user);
    },
  };
};
