import { AwsClient } from "aws4fetch";
import { AwsError } from "../../gateway/service.ts";
import type { Host } from "../../part.ts";

/** The operator's calls, as pollers on AWS's side would make them. */
export type Aws = {
  /** One call of an AWS JSON service. @throws AwsError with the service's own code, or whatever the signal was raised with. */
  json<T>(service: string, action: string, input: unknown, signal?: AbortSignal): Promise<T>;
  /** A request of a service that does not speak JSON. @throws AwsError when it is not answered with success. */
  send(service: string, path: string, init: { method: string; body: string; type?: string }): Promise<void>;
};

const TIMEOUT = 30_000;

export const createAws = (host: Pick<Host, "call" | "endpoint" | "region">): Aws => ({
  async json<T>(service: string, action: string, input: unknown, signal?: AbortSignal) {
    const call = host.call(service, action, input) as Promise<T>;
    if (!signal) return call;
    // An in-process call cannot be broken off; what it still answers is not waited for.
    const raised = Promise.withResolvers<never>();
    const stop = (): void => raised.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([call, raised.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
      call.catch(() => undefined);
    }
  },
  async send(service, path, { method, body, type = "application/json" }) {
    const keys = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new AwsClient({ ...keys, region: host.region, service, retries: 0 });
    const response = await client.fetch(`${host.endpoint}${path}`, {
      method,
      headers: { "content-type": type },
      body,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const text = await response.text();
    if (!response.ok) throw new AwsError("UnknownError", text.slice(0, 500), response.status);
  },
});
