import { AwsError, type Permission, type Service } from "../gateway/service.ts";
import type { Host } from "../part.ts";
import { restReply, restService } from "../protocols/rest.ts";
import { type Connection, type Connections, limits } from "./connections.ts";
import type { SocketApi } from "./model.ts";

const path = "/{stage}/@connections/{id}";

/**
 * The management API of the deployed WebSocket API: what `ApiGatewayManagementApiClient` calls. On AWS each API has a host
 * of its own; here the stage at the head of the path names it.
 */
export const managementService = (
  host: Pick<Host, "region" | "account">,
  deployed: () => SocketApi | null,
  connections: Connections,
): Service => {
  const find = ({ stage, id = "" }: Readonly<Record<string, string>>): Connection => {
    if (deployed()?.stage !== stage) throw new AwsError("ForbiddenException", "Forbidden", 403);
    const connection = connections.get(id);
    if (connection?.socket?.readyState === 1) return connection;
    throw new AwsError("GoneException", "Gone", 410);
  };
  return restService({
    name: "execute-api",
    permissions: ({ method, url }): Permission[] => {
      const [, stage = "", , id = ""] = url.pathname.split("/");
      const api = deployed()?.id ?? "*";
      const resource = `arn:aws:execute-api:${host.region}:${host.account}:${api}/${stage}/${method}/@connections/${decodeURIComponent(id)}`;
      return [{ action: "execute-api:ManageConnections", resource }];
    },
    routes: {
      [`POST ${path}`]: {
        action: "PostToConnection",
        raw: true,
        async handle(body: Buffer, params) {
          if (body.length > limits.messageBytes) {
            throw new AwsError("PayloadTooLargeException", "Message too long", 413);
          }
          const connection = find(params);
          await new Promise<void>((resolve, reject) => {
            connection.socket?.send(body, { binary: false }, (error) =>
              error ? reject(new AwsError("GoneException", "Gone", 410)) : resolve(),
            );
          });
          connections.touch(connection);
          return restReply(200);
        },
      },
      [`GET ${path}`]: {
        action: "GetConnection",
        handle(_input, params) {
          const { connectedAt, lastActiveAt, request } = find(params);
          return {
            connectedAt: new Date(connectedAt).toISOString(),
            lastActiveAt: new Date(lastActiveAt).toISOString(),
            identity: { sourceIp: request.sourceIp, userAgent: request.lowHeaders["user-agent"] ?? "" },
          };
        },
      },
      [`DELETE ${path}`]: {
        action: "DeleteConnection",
        handle(_input, params) {
          find(params).socket?.close(1000, "Connection Closed Normally");
          return restReply(204);
        },
      },
    },
  });
};
