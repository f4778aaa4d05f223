import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import type { Wire } from "@tenantry/core/progress/ports";
import { setting } from "./config.ts";
import { endpointFor } from "./endpoint.ts";

/** Where the API of this deployment takes messages for its connections. */
export const connectionsEndpoint = (): string =>
  `${endpointFor(`${setting("TASK_STATUS_API")}.execute-api`)}/${setting("TASK_STATUS_STAGE")}`;

/** Connections of API Gateway, by its management API. */
export const apiGatewayWire = (endpoint: string, client = new ApiGatewayManagementApiClient({ endpoint })): Wire => ({
  async post(connectionId, message) {
    try {
      await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: JSON.stringify(message) }));
      return "sent";
    } catch (error) {
      if (error instanceof GoneException) return "gone";
      throw error;
    }
  },

  async close(connectionId) {
    try {
      await client.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
    } catch (error) {
      if (!(error instanceof GoneException)) throw error;
    }
  },
});
