import { setting } from "@tenantry/aws/config";
import { dynamoSubscribers } from "@tenantry/aws/connections";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoProgressFeed } from "@tenantry/aws/progress";
import { apiGatewayWire, connectionsEndpoint } from "@tenantry/aws/websocket-push";
import { pushProgress } from "@tenantry/core/progress/push";
import { subscribe } from "@tenantry/core/progress/subscribe";

/** The composition root of `task-status`. */
const database = documents();
const table = setting("CONTROL_TABLE");

const ports = {
  feed: dynamoProgressFeed(database, table),
  subscribers: dynamoSubscribers(database, table),
  wire: apiGatewayWire(connectionsEndpoint()),
  clock: () => new Date(),
};

export const app = {
  subscribe: subscribe(ports),
  push: pushProgress(ports),
  leave: (connectionId: string) => ports.subscribers.remove(connectionId),
  post: (connectionId: string, message: object) => ports.wire.post(connectionId, message),
};
