import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoStandings } from "@tenantry/aws/standings";
import { admission } from "@tenantry/core/entitlement/admit";
import { http } from "@tenantry/lambda/http";
import { errorFields, log } from "@tenantry/lambda/log";

/** Refuses callers whose tenant has reached a hard quota: for each operation that the contract has as bound by quotas. */
export const admit = admission({
  standings: dynamoStandings(documents(), setting("CONTROL_TABLE")),
  clock: () => new Date(),
  onFault: (error) => log("error", "quotas not read", errorFields(error)),
});

/** A handler of an operation, other than a POST, that a hard quota refuses. */
export const bound: <const O extends Parameters<typeof http>[0]>(
  operation: O,
  handle: Parameters<typeof http<O>>[1],
) => ReturnType<typeof http<O>> = (operation, handle) => http(operation, handle, admit);
