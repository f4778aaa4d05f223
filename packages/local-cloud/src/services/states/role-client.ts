import http from "node:http";
import { AwsV4Signer } from "aws4fetch";
import { AwsError } from "../../gateway/service.ts";
import type { Credentials, Host, Invocation } from "../../part.ts";

/** Calls in the name of one role, through the gateway: its policies decide, and the gateway's faults apply. */
export type RoleClient = {
  /** @throws AwsError when the service refuses or fails; the function's own error is in the result. */
  invoke(functionName: string, payload: unknown): Promise<Invocation>;
  /** @throws AwsError as the service answered it. */
  call(service: string, action: string, input: unknown): Promise<unknown>;
};

type Answer = { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly text: string };

const targets: Readonly<Record<string, { prefix: string; version: string }>> = {
  dynamodb: { prefix: "DynamoDB_20120810", version: "1.0" },
  events: { prefix: "AWSEvents", version: "1.1" },
};

const send = (url: URL, headers: Record<string, string>, body: string, agent: http.Agent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });

const parse = (text: string): unknown => (text === "" ? null : JSON.parse(text));

const errorOf = ({ status, headers, text }: Answer): AwsError => {
  let body: Record<string, string> = {};
  try {
    body = Object(parse(text)) as Record<string, string>;
  } catch {
    // What is not JSON is its own message.
  }
  const type = headers["x-amzn-errortype"] ?? body["__type"] ?? body["code"] ?? "ServiceException";
  const code = type.toString().split(":")[0]?.split("#").at(-1) ?? "ServiceException";
  return new AwsError(code, body["message"] ?? body["Message"] ?? text, status);
};

/** Makes the clients of roles; each role has one session at a time. */
export const roleClients = (host: Pick<Host, "endpoint" | "region" | "credentials">) => {
  const agent = new http.Agent({ keepAlive: true });
  const sessions = new Map<string, Credentials>();
  const credentialsOf = (role: string): Credentials => {
    const credentials = sessions.get(role) ?? host.credentials(role, "states");
    sessions.set(role, credentials);
    return credentials;
  };
  const post = async (role: string, service: string, path: string, headers: Record<string, string>, body: string) => {
    const url = new URL(path, host.endpoint);
    const signer = new AwsV4Signer({
      method: "POST",
      url: url.href,
      headers,
      body,
      service,
      region: host.region,
      ...credentialsOf(role),
    });
    const signed = await signer.sign();
    const answer = await send(url, Object.fromEntries(signed.headers), body, agent);
    if (answer.status >= 300) throw errorOf(answer);
    return answer;
  };
  return {
    of: (roleArn: string): RoleClient => {
      const role = roleArn.split("/").at(-1) ?? roleArn;
      return {
        async invoke(functionName, payload) {
          const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
          const answer = await post(
            role,
            "lambda",
            path,
            { "content-type": "application/json" },
            JSON.stringify(payload),
          );
          const value = parse(answer.text);
          if (answer.headers["x-amz-function-error"] === undefined) return { payload: value };
          return { payload: value, error: value as NonNullable<Invocation["error"]> };
        },
        async call(service, action, input) {
          const target = targets[service];
          if (target === undefined) throw new AwsError("NotImplemented", `No target for ${service}`, 501);
          const headers = {
            "content-type": `application/x-amz-json-${target.version}`,
            "x-amz-target": `${target.prefix}.${action}`,
          };
          return parse((await post(role, service, "/", headers, JSON.stringify(input))).text);
        },
      };
    },
    close: () => agent.destroy(),
  };
};
