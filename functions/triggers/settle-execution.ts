import { settleOperation } from "@tenantry/core/operation/settle";
import { operationOf } from "@tenantry/core/operation/transitions";
import { log } from "@tenantry/lambda/log";
import type { EventBridgeEvent } from "aws-lambda";
import { ports } from "./settle.ts";

const settle = settleOperation(ports);

/** An execution has failed, timed out or been aborted. */
export const handler = async ({
  detail,
}: EventBridgeEvent<string, { name: string; status: string }>): Promise<void> => {
  const operation = operationOf(detail.name);
  const settled = operation === null ? "left alone" : await settle(operation, { patient: true });
  log("info", "execution ended", { operation, execution: detail.name, status: detail.status, settled });
};
