import http, { type IncomingMessage, type ServerResponse } from "node:http";
import http2, { type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import net, { type Socket } from "node:net";

export type WireRequest = IncomingMessage | Http2ServerRequest;
export type WireResponse = ServerResponse | Http2ServerResponse;

export type Listener = { readonly port: number; close(): Promise<void> };

/**
 * One TCP port that speaks HTTP/1.1 and cleartext HTTP/2 (prior knowledge): the JavaScript SDK's Kinesis client uses the
 * latter. The first three bytes tell: no HTTP/1.1 method begins with `PRI`.
 * @throws the error of `listen`, such as EADDRINUSE.
 */
export const listen = async (
  address: { readonly host: string; readonly port: number },
  handle: (request: WireRequest, response: WireResponse) => void,
): Promise<Listener> => {
  const one = http.createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, handle);
  const two = http2.createServer({ settings: { initialWindowSize: 1 << 20, maxConcurrentStreams: 1000 } }, handle);
  two.on("sessionError", () => undefined);
  const sockets = new Set<Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let seen = Buffer.alloc(0);
    const look = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      if (seen.length < 3) return;
      socket.off("readable", look);
      socket.unshift(seen);
      (seen.toString("latin1", 0, 3) === "PRI" ? two : one).emit("connection", socket);
    };
    socket.on("readable", look);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

/** Reads a body whole; null when it is longer than `limit` bytes. */
export const readBody = async (request: WireRequest, limit: number): Promise<Buffer | null> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
};
