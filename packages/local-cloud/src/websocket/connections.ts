import { randomBytes } from "node:crypto";
import type { WebSocket } from "ws";
import type { ApiRequest } from "../api/request.ts";

/** API Gateway's quotas. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
export const limits = {
  messageBytes: 128 * 1024,
  frameBytes: 32 * 1024,
  idleMs: 10 * 60_000,
  connectionMs: 2 * 60 * 60_000,
};

export type Limits = typeof limits;

/** One client, from its accepted handshake on. */
export type Connection = {
  readonly id: string;
  readonly request: ApiRequest;
  readonly connectedAt: number;
  readonly authorizer: Readonly<Record<string, unknown>> | undefined;
  lastActiveAt: number;
  socket?: WebSocket;
};

/** In API Gateway's form: 15 characters of base64 and an equals sign. */
export const newConnectionId = (): string =>
  `${randomBytes(11).toString("base64").replaceAll(/[+/]/g, "x").slice(0, 15)}=`;

/** Who is connected. The clock of each connection ends it when it was idle or open for too long. */
export const createConnections = (given: Partial<Limits> = {}) => {
  const { idleMs, connectionMs } = { ...limits, ...given };
  const open = new Map<string, Connection>();
  const timers = new Map<string, { idle: NodeJS.Timeout; whole: NodeJS.Timeout }>();
  const end = (connection: Connection, reason: string) => (): void => connection.socket?.close(1001, reason);
  return {
    get: (id: string): Connection | undefined => open.get(id),
    add(connection: Connection): void {
      open.set(connection.id, connection);
      timers.set(connection.id, {
        idle: setTimeout(end(connection, "Going away"), idleMs).unref(),
        whole: setTimeout(end(connection, "Going away"), connectionMs).unref(),
      });
    },
    /** Either side sent something. */
    touch(connection: Connection): void {
      connection.lastActiveAt = Date.now();
      timers.get(connection.id)?.idle.refresh();
    },
    remove(id: string): void {
      open.delete(id);
      const timer = timers.get(id);
      clearTimeout(timer?.idle);
      clearTimeout(timer?.whole);
      timers.delete(id);
    },
    all: (): Connection[] => [...open.values()],
  };
};

export type Connections = ReturnType<typeof createConnections>;
