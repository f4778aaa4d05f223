import { UnroutedMessage } from "@tenantry/contract/task-status";
import { websocket } from "@tenantry/lambda/websocket";
import { app } from "./app.ts";

/** Answers `{"action":"ping"}`, which keeps a quiet connection open; any other action is a problem. */
export const handler = websocket(UnroutedMessage, async () => ({ type: "pong" }), app.post);
