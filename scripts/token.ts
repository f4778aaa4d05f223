/** Prints an access token and nothing else, by signing in to Cognito as any client would. */
import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  type InitiateAuthCommandOutput,
} from "@aws-sdk/client-cognito-identity-provider";
import { tokenHelp, tokenOptions } from "./options.ts";
import { readReady } from "./ready.ts";

const signIn = async (data: string, as?: { email: string; password: string }): Promise<string> => {
  const ready = readReady(data);
  const user = as ?? ready.admin;
  const cognito = new CognitoIdentityProviderClient({
    endpoint: ready.aws_endpoint_url,
    region: ready.region,
    maxAttempts: 2,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  let answer: InitiateAuthCommandOutput;
  try {
    answer = await cognito.send(
      new InitiateAuthCommand({
        ClientId: ready.client_id,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: user.email, PASSWORD: user.password },
      }),
    );
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED")
      throw new Error(`No cloud answers at ${ready.aws_endpoint_url}: run npm start first.`, { cause: error });
    throw new Error(`${user.email} cannot sign in: ${message || name}`, { cause: error });
  }
  const token = answer.AuthenticationResult?.AccessToken;
  if (token === undefined)
    throw new Error(`${user.email} cannot sign in yet: ${answer.ChallengeName ?? "no token came"}.`);
  return token;
};

try {
  const { data, help, user } = tokenOptions(process.argv.slice(2));
  process.stdout.write(help ? tokenHelp : `${await signIn(data, user)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
