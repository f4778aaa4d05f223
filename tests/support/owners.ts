import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { onboard, operator, poll } from "./api.ts";
import type { Ready } from "./app.ts";

const password = "Correct-Horse-7-Battery";

/** Quoted-printable, as far as letters go. */
const decoded = (mail: string): string =>
  mail
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** The mails that went to an address, the newest last, as one text each. */
const mailsTo = async (ready: Ready, address: string): Promise<string[]> => {
  const listed = (await (await fetch(`${ready.aws_endpoint_url}/_mail`)).json()) as
    | { id: string; to: string[] }[]
    | { mails: { id: string; to: string[] }[] };
  const mails = (Array.isArray(listed) ? listed : listed.mails).filter(({ to }) => to.includes(address));
  return Promise.all(
    mails.map(async ({ id }) =>
      decoded(await (await fetch(`${ready.aws_endpoint_url}/_mail/${encodeURIComponent(id)}`)).text()),
    ),
  );
};

/** Signs a new user in with the temporary password of their invitation, and sets a password of their own. */
export const acceptInvitation = async (ready: Ready, email: string, clientId: string): Promise<string> => {
  const cognito = new CognitoIdentityProviderClient(operator(ready));
  const mails = await poll(
    () => mailsTo(ready, email),
    (found) => found.some((mail) => /temporary password/i.test(mail)),
  );
  const invitation = mails.find((mail) => /temporary password/i.test(mail)) ?? "";
  const [, temporary = ""] = /temporary password is (\S+?)\.?(?=[\s"\\<]|$)/.exec(invitation) ?? [];
  const answer = await cognito.send(
    new InitiateAuthCommand({
      ClientId: clientId,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: email, PASSWORD: temporary },
    }),
  );
  const { AuthenticationResult } = await cognito.send(
    new RespondToAuthChallengeCommand({
      ClientId: clientId,
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: answer.Session,
      ChallengeResponses: { USERNAME: email, NEW_PASSWORD: password },
    }),
  );
  return AuthenticationResult!.AccessToken!;
};

export type Tokens = { readonly access: string; readonly refresh: string };

/** Signs in a user who has accepted their invitation. */
export const signInFully = async (ready: Ready, email: string, clientId = ready.client_id): Promise<Tokens> => {
  const { AuthenticationResult } = await new CognitoIdentityProviderClient(operator(ready)).send(
    new InitiateAuthCommand({
      ClientId: clientId,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  );
  return { access: AuthenticationResult!.AccessToken!, refresh: AuthenticationResult!.RefreshToken! };
};

/** The access token alone. */
export const signInAgain = async (ready: Ready, email: string, clientId: string): Promise<string> =>
  (await signInFully(ready, email, clientId)).access;

/** A new access token of the same session. */
export const refreshed = async (ready: Ready, { refresh }: Tokens, clientId = ready.client_id): Promise<Tokens> => {
  const { AuthenticationResult } = await new CognitoIdentityProviderClient(operator(ready)).send(
    new InitiateAuthCommand({
      ClientId: clientId,
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: refresh },
    }),
  );
  return { access: AuthenticationResult!.AccessToken!, refresh };
};

export const claimsIn = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;

/** An active tenant and its owner's access token. */
export const aTenantWithOwner = async (ready: Ready, admin: string, name: string, tier: string) => {
  const email = `owner@${name.toLowerCase().replaceAll(" ", "-")}.example`;
  const { accepted, operation } = await onboard(ready, admin, { name, tier, owner: { email } });
  if (operation.status !== "succeeded") throw new Error(`${name}: ${JSON.stringify(operation.error)}`);
  const { id, slug } = accepted.tenant as { id: string; slug: string };
  return { id, slug, email };
};
