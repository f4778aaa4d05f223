import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { kmsEnvelopes } from "@tenantry/aws/envelope";
import { dynamoIdempotency } from "@tenantry/aws/idempotency";
import { httpPost } from "@tenantry/lambda/http";
import { admit } from "./admit.ts";

const idempotency = dynamoIdempotency(documents(), setting("CONTROL_TABLE"), kmsEnvelopes(setting("ANSWER_KEY")));

/** A handler of an operation that does something: it honours `Idempotency-Key`. The stacks give every POST what it needs. */
export const post: <const O extends Parameters<typeof httpPost>[0]>(
  operation: O,
  handle: Parameters<typeof httpPost<O>>[1],
) => ReturnType<typeof httpPost<O>> = (operation, handle) => httpPost(operation, handle, idempotency, admit);
