import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  CreateUserPoolCommand,
  type CreateUserPoolCommandInput,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import type { Invocation } from "../../part.ts";
import { email } from "../email/part.ts";
import { startParts } from "../testing/parts.ts";
import { cognitoPart } from "./part.ts";

export const PASSWORD = "Correct-Horse-9";

type Trigger = (event: unknown) => Promise<Invocation>;

/** Cognito and its mailbox behind the gateway, with a clock that the test moves. */
export const startCognito = async (options: { data?: string; trigger?: Trigger } = {}) => {
  const clock = { ahead: 0 };
  const cloud = await startParts([async (host) => cognitoPart(host, () => Date.now() / 1000 + clock.ahead), email], {
    ...(options.data === undefined ? {} : { data: options.data }),
    invoke: async (_, event) => (await options.trigger?.(event)) ?? { payload: null },
  });
  const sdk = new CognitoIdentityProviderClient(cloud.client);
  const getJson = async (path: string): Promise<unknown> => (await fetch(`${cloud.client.endpoint}${path}`)).json();

  /** A pool with e-mails as user names, and a client of it. */
  const createPool = async (
    pool: Partial<CreateUserPoolCommandInput> = {},
    client: Partial<CreateUserPoolClientCommandInput> = {},
  ) => {
    const { UserPool } = await sdk.send(
      new CreateUserPoolCommand({ PoolName: "users", UsernameAttributes: ["email"], ...pool }),
    );
    const UserPoolId = UserPool?.Id ?? "";
    const { UserPoolClient } = await sdk.send(
      new CreateUserPoolClientCommand({
        UserPoolId,
        ClientName: "api",
        ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        PreventUserExistenceErrors: "ENABLED",
        ...client,
      }),
    );
    return {
      UserPoolId,
      ClientId: UserPoolClient?.ClientId ?? "",
      ClientSecret: UserPoolClient?.ClientSecret ?? "",
    };
  };

  /** A user with a password of its own. */
  const createUser = async (UserPoolId: string, Username: string) => {
    const { User } = await sdk.send(new AdminCreateUserCommand({ UserPoolId, Username, MessageAction: "SUPPRESS" }));
    await sdk.send(new AdminSetUserPasswordCommand({ UserPoolId, Username, Password: PASSWORD, Permanent: true }));
    return User?.Username ?? "";
  };

  const signIn = (ClientId: string, USERNAME: string, password = PASSWORD, more: Record<string, string> = {}) =>
    sdk.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME, PASSWORD: password, ...more },
      }),
    );

  const refresh = (ClientId: string, REFRESH_TOKEN: string, more: Record<string, string> = {}) =>
    sdk.send(
      new InitiateAuthCommand({
        ClientId,
        AuthFlow: "REFRESH_TOKEN_AUTH",
        AuthParameters: { REFRESH_TOKEN, ...more },
      }),
    );

  return {
    ...cloud,
    sdk,
    getJson,
    createPool,
    createUser,
    signIn,
    refresh,
    /** Moves the clock of Cognito forward. */
    pass: (seconds: number) => void (clock.ahead += seconds),
  };
};

/** An error's code and message, of a call that must fail. */
export const failure = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );

/** The claims of a token, unverified. */
export const claims = (token: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
