import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Host, Part } from "../part.ts";
import { apiTypes, type Api, readApi } from "./model.ts";
import { createHandler, type Handler, renderUnreadable } from "./serve.ts";
import { createUsagePlans } from "./usage/plans.ts";
import { usageService } from "./usage/service.ts";

/** The REST API's own port. It is bound before anything is deployed, and answers 503 until then. */
export type ApiServer = {
  readonly port: number;
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** The part that serves what is deployed. */
  part(host: Host): Promise<Part>;
  /** Who takes requests for another protocol, such as WebSocket; null: nobody, and they are answered 503. */
  onUpgrade(handle: Upgrade | null): void;
  close(): Promise<void>;
};

export type Upgrade = (message: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** API Gateway's limit of request line and headers together. */
const MAX_HEAD_BYTES = 10_240;

const unready: Handler = async (_, response) => {
  response.writeHead(503, { "content-type": "application/json", "retry-after": "1" });
  response.end('{"message":"Service Unavailable"}');
};

/** @throws Error with `code: "EADDRINUSE"` when the port is taken. */
export const createApiServer = async (options: { port: number; address?: string }): Promise<ApiServer> => {
  const address = options.address ?? "127.0.0.1";
  let handler = unready;
  let api: Api | null = null;
  let upgrade: Upgrade | null = null;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: 10_000,
      // How long a whole request may take to arrive.
      requestTimeout: 30_000,
      connectionsCheckingInterval: 2000,
      keepAliveTimeout: 60_000,
    },
    (message, response) => {
      handler(message, response).catch(() => response.destroy());
    },
  );
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (upgrade) upgrade(message, socket, head);
    else socket.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
    const words = STATUS_CODES[status] ?? "Bad Request";
    const requestId = randomUUID();
    const reply = renderUnreadable(api, status, words, requestId);
    const headers = [
      ...reply.headers,
      ["x-amzn-requestid", requestId],
      ["content-length", String(Buffer.byteLength(reply.body))],
      ["connection", "close"],
    ];
    const head = headers.map(([name, value]) => `${name}: ${value}`).join("\r\n");
    socket.end(
      `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? words}\r\n${head}\r\n\r\n${String(reply.body)}`,
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    handler = unready;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return {
    port,
    url: `http://${address}:${port}`,
    close,
    onUpgrade: (handle) => void (upgrade = handle),
    async part(host) {
      const usage = createUsagePlans(host.store);
      return {
        name: "api",
        services: [usageService(host, usage)],
        types: apiTypes,
        async apply(graph) {
          api = readApi(graph);
          usage.apply(graph);
          handler = api ? createHandler(host, api, usage) : unready;
        },
        close,
      };
    },
  };
};
