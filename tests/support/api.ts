import { CognitoIdentityProviderClient, InitiateAuthCommand } from "@aws-sdk/client-cognito-identity-provider";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ready } from "./app.ts";

/** The operator's keys on the embedded cloud. */
export const operator = (ready: Pick<Ready, "aws_endpoint_url" | "region">) => ({
  endpoint: ready.aws_endpoint_url,
  region: ready.region,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

/** Signs in and returns the access token. */
export const signIn = async (
  ready: Pick<Ready, "aws_endpoint_url" | "region" | "client_id" | "admin">,
  user: { email: string; password: string } = ready.admin,
): Promise<string> => {
  const cognito = new CognitoIdentityProviderClient(operator(ready));
  const { AuthenticationResult } = await cognito.send(
    new InitiateAuthCommand({
      ClientId: ready.client_id,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: user.email, PASSWORD: user.password },
    }),
  );
  if (!AuthenticationResult?.AccessToken) throw new Error("The sign-in gave no access token.");
  return AuthenticationResult.AccessToken;
};

// oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came back
export type Answer = { status: number; headers: Headers; body: any; text: string };

/** Sends one request to the API. A string body goes out as it is, anything else as JSON. */
export const send = async (
  ready: Ready,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> => {
  const response = await fetch(`${ready.api_url}${path}`, {
    method,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === "string" ? options.body : JSON.stringify(options.body) }),
  });
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // not JSON: the text stands for itself
  }
  return { status: response.status, headers: response.headers, body, text };
};

/** How long something may take on a busy machine before it counts as never coming, in milliseconds. */
const patience = 180_000;

/** Asks until `done` or until it would never be, and returns the last answer. */
export const poll = async <T>(ask: () => Promise<T>, done: (answer: T) => boolean): Promise<T> => {
  const until = Date.now() + patience;
  // What takes long is asked about less often: an answer costs the machine as much as what is waited for.
  for (let pause = 50; ; pause = Math.min(pause * 1.25, 500)) {
    const answer = await ask();
    if (done(answer) || Date.now() >= until) return answer;
    await sleep(pause);
  }
};

/** Whether an operation in this state has come to its end. */
export const hasEnded = (status: string): boolean =>
  ["succeeded", "failed", "cancelled", "compensation_failed"].includes(status);

/** Onboards a tenant and waits until its operation has ended. */
export const onboard = async (ready: Ready, token: string, body: Record<string, unknown>) => {
  const accepted = await send(ready, "POST", "/admin/tenants", { token, body });
  if (accepted.status !== 202) throw new Error(`${accepted.status} ${accepted.text}`);
  const location = accepted.headers.get("location") ?? "";
  const operation = await poll(
    () => send(ready, "GET", location, { token }),
    (answer) => hasEnded(answer.body.status),
  );
  return { accepted: accepted.body, location, operation: operation.body };
};
