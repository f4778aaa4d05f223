import { log } from "@tenantry/lambda/log";
import type { SocketEvent } from "@tenantry/lambda/websocket";

/** Who has not subscribed to anything is not remembered: the authorizer has decided already. */
export const handler = async ({ requestContext }: SocketEvent): Promise<{ statusCode: number }> => {
  const { connectionId, requestId, authorizer } = requestContext;
  log("info", "connected", { request_id: requestId, connection: connectionId, actor: authorizer?.["sub"] });
  return { statusCode: 200 };
};
