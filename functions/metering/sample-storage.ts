import { errorFields, log } from "@tenantry/lambda/log";
import { sample } from "./sample-app.ts";

/** Throws when a tenant could not be weighed, so that Lambda tries again: whoever was weighed is not weighed twice. */
export const handler = async (): Promise<void> => {
  const { sampled, errors } = await sample();
  log(errors.length === 0 ? "info" : "error", "storage sampled", { sampled, failures: errors.length });
  for (const error of errors) log("error", "tenant not weighed", errorFields(error));
  if (errors.length > 0) throw new Error(`${errors.length} tenants could not be weighed.`);
};
