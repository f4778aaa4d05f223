import { rollUpAll } from "@tenantry/core/usage/roll-up-all";
import { errorFields, log } from "@tenantry/lambda/log";
import { ports } from "./roll-up-app.ts";

const rollUp = rollUpAll(ports);

export const handler = async (): Promise<void> => {
  const { rolled, errors } = await rollUp();
  log("info", "usage rolled up", { rolled, failures: errors.length });
  for (const error of errors) log("error", "usage not rolled up", errorFields(error));
};
