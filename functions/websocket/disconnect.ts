import { log } from "@tenantry/lambda/log";
import type { SocketEvent } from "@tenantry/lambda/websocket";
import { app } from "./app.ts";

export const handler = async ({ requestContext }: SocketEvent): Promise<{ statusCode: number }> => {
  const { connectionId, requestId } = requestContext;
  await app.leave(connectionId);
  log("info", "disconnected", { request_id: requestId, connection: connectionId });
  return { statusCode: 200 };
};
