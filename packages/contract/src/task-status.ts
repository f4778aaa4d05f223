import { OperationId } from "@tenantry/core/ids";
import { z } from "zod";

/** The stage of the WebSocket API, and so the path at which clients connect. */
export const taskStatusStage = "task-status";

/** What a client sends to be told of operations. */
export const SubscribeMessage = z.strictObject({
  action: z.literal("subscribe"),
  /** Absent: every operation that the caller may see. */
  operation_id: OperationId.optional(),
  /** The `id` of the last message that the client has. */
  since: z.string().max(100).optional(),
});
export type SubscribeMessage = z.infer<typeof SubscribeMessage>;

/** What a client sends to keep a connection open on which nothing happens. */
export const UnroutedMessage = z.strictObject({ action: z.literal("ping") });
