import { sweepOperations } from "@tenantry/core/operation/sweep";
import { errorFields, log } from "@tenantry/lambda/log";
import { ports } from "./settle.ts";

const sweep = sweepOperations(ports);

export const handler = async (): Promise<void> => {
  const { settled, errors } = await sweep();
  log("info", "operations swept", { settled, failures: errors.length });
  for (const error of errors) log("error", "operation not settled", errorFields(error));
};
