import { notImplemented } from "../../gateway/service.ts";
import { type Input, optionalText, record, text, textMap } from "../input.ts";
import { checkAttributes, mergeAttributes } from "./attributes.ts";
import { requireSecretHash } from "./clients.ts";
import type { Client } from "./model.ts";
import { hashPassword, requirePolicy } from "./passwords.ts";
import { namesOf, type SignIn, signedIn, type SignInAnswer } from "./sign-in.ts";
import { invalidParameter, needPool, notAuthorized } from "./state.ts";
import { issueTokens } from "./tokens.ts";
import { findUser, needUser, updateUser } from "./users.ts";

const ATTRIBUTE = "userAttributes.";

/** RespondToAuthChallenge: the user changes its temporary password and is signed in. A refused password may be tried again. */
export const respondToAuthChallenge = async (
  { cognito, challenges }: SignIn,
  client: Client,
  input: Input,
): Promise<SignInAnswer> => {
  const name = text(input, "ChallengeName");
  if (name !== "NEW_PASSWORD_REQUIRED") throw notImplemented("cognito-idp", `RespondToAuthChallenge ${name}`);
  const session = text(input, "Session");
  const challenge = challenges.find(client, session);
  const pool = needPool(cognito, client.poolId);
  const responses = record(input, "ChallengeResponses");
  if (!responses["USERNAME"]) throw invalidParameter("Missing required parameter USERNAME");
  if (!responses["NEW_PASSWORD"]) throw invalidParameter("Missing required parameter NEW_PASSWORD");
  const user = needUser(cognito, pool, challenge.username);
  if (findUser(cognito, pool, text(responses, "USERNAME"))?.username !== user.username)
    throw notAuthorized("Invalid session for the user.");
  requireSecretHash(client, optionalText(responses, "SECRET_HASH"), namesOf(user));
  const password = text(responses, "NEW_PASSWORD");
  requirePolicy(pool.settings, password);
  const changes = checkAttributes(
    pool,
    Object.fromEntries(
      Object.entries(textMap(input, "ChallengeResponses")).flatMap(([key, value]) =>
        key.startsWith(ATTRIBUTE) ? [[key.slice(ATTRIBUTE.length), value]] : [],
      ),
    ),
  );
  const passwordHash = await hashPassword(password);
  // Once only, and only while the user still waits for it: an administrator may have been here meanwhile.
  challenges.find(client, session);
  challenges.close(session);
  const changed = updateUser(cognito, pool, user.username, ({ enabled, attributes, passwordHash: current }) => {
    if (!enabled) throw notAuthorized("User is disabled.");
    if (current !== user.passwordHash) throw notAuthorized("Invalid session for the user.");
    return { passwordHash, status: "CONFIRMED", attributes: mergeAttributes(attributes, changes) };
  });
  return signedIn(
    await issueTokens(cognito, {
      pool,
      client,
      user: changed,
      source: "TokenGeneration_NewPasswordChallenge",
      metadata: input["ClientMetadata"] === undefined ? undefined : textMap(input, "ClientMetadata"),
    }),
  );
};
