import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { ApiServer } from "../api/server.ts";
import type { Host, Part } from "../part.ts";
import { Refused } from "./authorize.ts";
import { type Connection, createConnections, limits, type Limits } from "./connections.ts";
import { disconnectEvent, messageEvent } from "./event.ts";
import { frameWatch } from "./frames.ts";
import { type Accepted, refuse, shakeHands } from "./handshake.ts";
import { managementService } from "./management.ts";
import { readSocketApi, type SocketApi, socketTypes } from "./model.ts";

/** The route key in a message; undefined where it has none. Keys that begin with `$` cannot be asked for. */
const keyIn = (text: string, selector: readonly string[]): string | undefined => {
  try {
    let at: unknown = JSON.parse(text);
    for (const name of selector) at = (at as Readonly<Record<string, unknown>> | null)?.[name];
    return typeof at === "string" && !at.startsWith("$") ? at : undefined;
  } catch {
    return undefined;
  }
};

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data;

/** API Gateway's WebSocket API on the REST API's port, under `/<stage>`, and its management API behind the gateway. */
export const websocketPart = async (host: Host, server: ApiServer, given: Partial<Limits> = {}): Promise<Part> => {
  let api: SocketApi | null = null;
  const connections = createConnections(given);
  const protocols = new WeakMap<IncomingMessage, string | false>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytes,
    handleProtocols: (_offered, message) => protocols.get(message) ?? false,
  });

  const say = (connection: Connection, message: string): void =>
    connection.socket?.send(JSON.stringify({ message, connectionId: connection.id, requestId: randomUUID() }));

  const run = async (connection: Connection, text: string): Promise<void> => {
    const key = api ? keyIn(text, api.selector) : undefined;
    const route = (key === undefined ? undefined : api?.routes.get(key)) ?? api?.routes.get("$default");
    if (!api || !route) {
      say(connection, "Forbidden");
      return;
    }
    try {
      const { error } = await host.invoke(route.functionArn, messageEvent(api, connection, route.key, text));
      if (error) say(connection, "Internal server error");
    } catch (error) {
      host.log(`websocket: ${route.functionArn} could not be run: ${String(error)}`);
      say(connection, "Internal server error");
    }
  };

  const leave = async (connection: Connection, code: number, reason: string): Promise<void> => {
    if (connections.get(connection.id) === undefined) return;
    connections.remove(connection.id);
    const route = api?.routes.get("$disconnect");
    if (!api || !route) return;
    await host
      .invoke(route.functionArn, disconnectEvent(api, connection, { code, reason }))
      .catch((error: unknown) => host.log(`websocket: ${route.functionArn} could not be run: ${String(error)}`));
  };

  const open = (connection: Connection, socket: WebSocket, raw: Duplex): void => {
    connection.socket = socket;
    connections.add(connection);
    // Beside the server's own reader: both are given each chunk.
    raw.on(
      "data",
      frameWatch(limits.frameBytes, () => socket.close(1009, "Frame too long")),
    );
    socket.on("error", () => undefined); // "close" follows and tells
    socket.on("message", (data, isBinary) => {
      connections.touch(connection);
      if (isBinary) socket.close(1003, "Binary messages are not supported");
      else if (socket.readyState === socket.OPEN) void run(connection, bytesOf(data).toString("utf8"));
    });
    socket.on("close", (code, reason) => void leave(connection, code, reason.toString("utf8")));
  };

  const upgrade = async (message: IncomingMessage, raw: Duplex, head: Buffer): Promise<void> => {
    let accepted: Accepted;
    try {
      accepted = await shakeHands(host, api, message);
    } catch (error) {
      if (!(error instanceof Refused)) host.log(`websocket: ${String(error)}`);
      refuse(raw, error instanceof Refused ? error : new Refused(500, "Internal server error"));
      return;
    }
    protocols.set(message, accepted.protocol);
    sockets.handleUpgrade(message, raw, head, (socket) => open(accepted.connection, socket, raw));
  };

  server.onUpgrade((message, raw, head) => {
    raw.on("error", () => raw.destroy());
    upgrade(message, raw, head).catch(() => raw.destroy());
  });
  return {
    name: "websocket",
    types: socketTypes,
    services: [managementService(host, () => api, connections)],
    async apply(graph) {
      api = readSocketApi(graph);
    },
    async close() {
      server.onUpgrade(null);
      // Whoever is connected has lost the cloud, `$disconnect` included: it would run into a machine that stops.
      for (const connection of connections.all()) {
        connections.remove(connection.id);
        connection.socket?.terminate();
      }
      sockets.close();
    },
  };
};
