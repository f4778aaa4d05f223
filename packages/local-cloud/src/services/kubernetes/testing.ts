import { createHash } from "node:crypto";
import http from "node:http";
import https from "node:https";

/** What an API server answered. The body is its object, of any kind. */
export type Reply = {
  readonly code: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- each test knows what it asked for
  readonly body: any;
  readonly headers: http.IncomingHttpHeaders;
};

/** A connection to an API server: the embedded one, or a real one. */
export type Connection = {
  readonly server: string;
  readonly headers?: Record<string, string>;
  readonly tls?: { ca: string; cert?: string; key?: string };
};

export type Call = (
  method: string,
  path: string,
  body?: object | string,
  options?: { type?: string; agent?: string },
) => Promise<Reply>;

/** Calls an API server as it is, without a client library between. */
export const caller = ({ server, headers = {}, tls }: Connection): Call => {
  const base = server.replace(/\/$/, "");
  return (method, path, body, { type = "application/json", agent = "contract" } = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(base + path);
      const text = typeof body === "object" ? JSON.stringify(body) : body;
      const content = text === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(text) };
      const options = {
        method,
        ...tls,
        headers: { ...headers, "user-agent": agent, ...content },
      };
      const request = (url.protocol === "https:" ? https : http).request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const answer = Buffer.concat(chunks).toString("utf8");
          const json = response.headers["content-type"]?.includes("json");
          resolve({
            code: response.statusCode ?? 0,
            body: json ? JSON.parse(answer) : answer,
            headers: response.headers,
          });
        });
      });
      request.on("error", reject);
      request.end(text);
    });
};

/** Server-side apply by one manager. */
export const applier =
  (call: Call) =>
  (manager: string, path: string, body: object, force = false): Promise<Reply> =>
    call("PATCH", `${path}?fieldManager=${manager}${force ? "&force=true" : ""}`, body, {
      type: "application/apply-patch+yaml",
    });

/** A short name that no other test has. */
export const unique = (() => {
  let count = 0;
  return (prefix: string): string => {
    count += 1;
    return `${prefix}-${createHash("sha1").update(`${process.pid} ${count}`).digest("hex").slice(0, 8)}`;
  };
})();
