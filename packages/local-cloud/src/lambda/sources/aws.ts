import { AwsClient } from "aws4fetch";
import { AwsError } from "../../gateway/service.ts";
import type { Host } from "../../part.ts";

/** Signed requests of the operator through the gateway, as pollers on AWS's side would make them. */
export type Aws = {
  /** One call of an AWS JSON service. @throws AwsError with the service's own code. */
  json<T>(service: string, target: string, input: unknown, signal?: AbortSignal): Promise<T>;
  /** Any other request. @throws AwsError when it is not answered with success. */
  send(service: string, path: string, init: { method: string; body: string; type?: string }): Promise<void>;
};

const errorOf = (status: number, text: string): AwsError => {
  try {
    const { __type: type, ...body } = JSON.parse(text) as { __type?: string; message?: string; Message?: string };
    const code = type?.split("#").at(-1) ?? "UnknownError";
    return new AwsError(code, body.message ?? body.Message ?? text, status);
  } catch {
    return new AwsError("UnknownError", text.slice(0, 500), status);
  }
};

export const createAws = (host: Pick<Host, "endpoint" | "region">): Aws => {
  const signer = (service: string): AwsClient =>
    new AwsClient({ accessKeyId: "test", secretAccessKey: "test", region: host.region, service, retries: 0 });
  const clients = new Map<string, AwsClient>();
  const client = (service: string): AwsClient => {
    const known = clients.get(service) ?? signer(service);
    clients.set(service, known);
    return known;
  };
  const within = (signal?: AbortSignal): AbortSignal => {
    const timeout = AbortSignal.timeout(30_000);
    return signal ? AbortSignal.any([signal, timeout]) : timeout;
  };
  return {
    async json<T>(service: string, target: string, input: unknown, signal?: AbortSignal) {
      const response = await client(service).fetch(`${host.endpoint}/`, {
        method: "POST",
        headers: {
          "content-type": service === "kinesis" ? "application/x-amz-json-1.1" : "application/x-amz-json-1.0",
          "x-amz-target": target,
        },
        body: JSON.stringify(input),
        signal: within(signal),
      });
      const text = await response.text();
      if (!response.ok) throw errorOf(response.status, text);
      return JSON.parse(text === "" ? "{}" : text) as T;
    },
    async send(service, path, { method, body, type = "application/json" }) {
      const response = await client(service).fetch(`${host.endpoint}${path}`, {
        method,
        headers: { "content-type": type },
        body,
        signal: within(),
      });
      const text = await response.text();
      if (!response.ok) throw errorOf(response.status, text);
    },
  };
};
