import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { readHead } from "../api/request.ts";
import type { Host } from "../part.ts";
import { authorizeConnection, Refused } from "./authorize.ts";
import { type Connection, newConnectionId } from "./connections.ts";
import { connectEvent } from "./event.ts";
import type { SocketApi } from "./model.ts";

/** A connection that may be opened, and the subprotocol that `$connect` chose. */
export type Accepted = { readonly connection: Connection; readonly protocol: string | false };

/** Runs `$connect`. Returns the subprotocol among its headers. @throws Refused with its status, or 502 where it fails. */
const runConnect = async (host: Host, api: SocketApi, connection: Connection): Promise<string | false> => {
  const route = api.routes.get("$connect");
  if (!route) return false;
  const outcome = await host.invoke(route.functionArn, connectEvent(api, connection)).catch((error: unknown) => {
    host.log(`websocket: ${route.functionArn} could not be run: ${String(error)}`);
    throw new Refused(500, "Internal server error");
  });
  const answer = outcome.payload as { statusCode?: unknown; headers?: Record<string, unknown> } | null;
  const status = Number(answer?.statusCode);
  if (outcome.error || !Number.isInteger(status) || status < 100 || status > 599) {
    throw new Refused(502, "Internal server error");
  }
  if (status < 200 || status > 299) throw new Refused(status, STATUS_CODES[status] ?? "Refused");
  const headers = Object.entries(answer?.headers ?? {});
  const chosen = headers.find(([name]) => name.toLowerCase() === "sec-websocket-protocol")?.[1];
  return typeof chosen === "string" ? chosen : false;
};

/** Decides on a handshake. @throws Refused with the status that it is answered with. */
export const shakeHands = async (host: Host, api: SocketApi | null, message: IncomingMessage): Promise<Accepted> => {
  const request = readHead(message);
  if (api === null || request.path.replace(/\/$/, "") !== `/${api.stage}`) throw new Refused(403, "Forbidden");
  const now = Date.now();
  let connection: Connection = {
    id: newConnectionId(),
    request,
    connectedAt: now,
    lastActiveAt: now,
    authorizer: undefined,
  };
  const authorizer = api.routes.get("$connect")?.authorizer;
  if (authorizer) {
    connection = { ...connection, authorizer: await authorizeConnection(host, api, authorizer, connection) };
  }
  return { connection, protocol: await runConnect(host, api, connection) };
};

/** Answers a refused handshake and ends it. */
export const refuse = (socket: Duplex, { status, message }: Refused): void => {
  const body = JSON.stringify({ message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? message}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
};
