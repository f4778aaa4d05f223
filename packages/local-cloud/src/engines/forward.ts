import http from "node:http";
import type { AwsRequest, AwsResponse } from "../gateway/service.ts";
import type { Writes } from "../writes.ts";

/** Sends requests on to an engine's own HTTP server. */
export type Forward = (request: Pick<AwsRequest, "method" | "headers" | "body">, body?: Buffer) => Promise<AwsResponse>;

/** Those that say what a call means; the rest concerns only the connection to us. */
const kept = ["accept", "authorization", "content-type", "x-amz-date", "x-amz-target"];

/** Actions that change nothing, as `x-amz-target` names them. */
const reads = /\.(?:(?:Batch|Transact)?Get|Query|Scan|Describe|List)/;

/**
 * @param endpoint such as `http://127.0.0.1:8123`. A connection is kept open for each request in flight.
 * @param writes are told of each request that may have changed something.
 */
export const forwardTo = (
  endpoint: string,
  writes: Writes,
): { readonly forward: Forward; readonly close: () => void } => {
  const { hostname, port } = new URL(endpoint);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
  const once = (request: Parameters<Forward>[0], body: Buffer): Promise<AwsResponse> =>
    new Promise((resolve, reject) => {
      const headers: Record<string, string | number> = { "content-length": body.length };
      for (const name of kept) {
        const value = request.headers[name];
        if (typeof value === "string") headers[name] = value;
      }
      // The engines only look whether somebody signed; who, was verified before.
      headers["authorization"] ??=
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/local/aws4_request, SignedHeaders=host, Signature=0";
      headers["x-amz-date"] ??= "20260101T000000Z";
      const call = http.request({ agent, hostname, port, method: request.method, path: "/", headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const type = response.headers["content-type"];
          const crc = response.headers["x-amz-crc32"];
          resolve({
            status: response.statusCode ?? 502,
            headers: {
              ...(type === undefined ? {} : { "content-type": type }),
              ...(typeof crc === "string" ? { "x-amz-crc32": crc } : {}),
            },
            body: Buffer.concat(chunks),
          });
        });
      });
      call.on("error", reject);
      call.end(body);
    });
  const forward: Forward = async (request, body = request.body) => {
    try {
      return await once(request, body);
    } finally {
      // Whatever the answer: the engine may have done it.
      if (!reads.test(String(request.headers["x-amz-target"]))) writes.tell(body);
    }
  };
  return { forward, close: () => agent.destroy() };
};
