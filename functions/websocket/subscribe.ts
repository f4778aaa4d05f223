import { SubscribeMessage } from "@tenantry/contract/task-status";
import { websocket } from "@tenantry/lambda/websocket";
import { app } from "./app.ts";

export const handler = websocket(
  SubscribeMessage,
  async ({ ctx, subscriber, message: { operation_id, since } }) => ({
    type: "subscribed",
    operation_id: operation_id ?? null,
    ...(await app.subscribe(ctx, { subscriber, operationId: operation_id, since })),
  }),
  app.post,
);
