import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { operator } from "./api.ts";
import type { Ready } from "./app.ts";

const password = "Correct-Horse-7-Staple";

/** A new member of the platform's staff with these roles, as the operator makes one. */
export const aMemberOfStaff = async (ready: Ready, email: string, ...roles: string[]) => {
  const cognito = new CognitoIdentityProviderClient(operator(ready));
  const whom = { UserPoolId: ready.user_pool_id, Username: email };
  await cognito.send(
    new AdminCreateUserCommand({
      ...whom,
      MessageAction: "SUPPRESS",
      UserAttributes: [
        { Name: "email", Value: email },
        { Name: "email_verified", Value: "true" },
      ],
    }),
  );
  await cognito.send(new AdminSetUserPasswordCommand({ ...whom, Password: password, Permanent: true }));
  for (const GroupName of roles) await cognito.send(new AdminAddUserToGroupCommand({ ...whom, GroupName }));
  /** Signs in through a client of the pool; the platform's own by default. */
  return async (clientId = ready.client_id): Promise<{ access: string; refresh: string }> => {
    const { AuthenticationResult } = await cognito.send(
      new InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: email, PASSWORD: password },
      }),
    );
    return { access: AuthenticationResult!.AccessToken!, refresh: AuthenticationResult!.RefreshToken! };
  };
};
