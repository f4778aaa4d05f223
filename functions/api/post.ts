import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoIdempotency } from "@tenantry/aws/idempotency";
import { http } from "@tenantry/lambda/http";
import type { Operation } from "@tenantry/contract/define";

/** A handler of an operation that changes something: it honours `Idempotency-Key`. */
export const post = <const O extends Operation & { readonly method: "POST" }>(
  operation: O,
  handle: Parameters<typeof http<O>>[1],
) => http(operation, handle, dynamoIdempotency(documents(), setting("CONTROL_TABLE")));
