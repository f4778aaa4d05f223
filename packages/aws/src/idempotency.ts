import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Idempotency } from "@tenantry/core/idempotency";
import { Problem } from "@tenantry/core/problem";
import { idempotencyPartition } from "./control-table.ts";

const daySeconds = 24 * 3600;

/** Idempotency keys in the Control table, one partition for each caller, forgotten after a day. */
export const dynamoIdempotency =
  (client: DynamoDBClient, table: string): Idempotency =>
  async (request, run) => {
    const { caller, operation, key, payload, remainingMilliseconds } = request;
    const persistenceStore = new DynamoDBPersistenceLayer({
      tableName: table,
      keyAttr: "pk",
      sortKeyAttr: "sk",
      staticPkValue: idempotencyPartition(caller),
      expiryAttr: "expires_at",
      awsSdkV3Client: client,
    });
    const config = new IdempotencyConfig({
      eventKeyJmesPath: "key",
      payloadValidationJmesPath: "payload",
      expiresAfterSeconds: daySeconds,
      hashFunction: "sha256",
    });
    // The library reads nothing but this of Lambda's context.
    config.registerLambdaContext({ getRemainingTimeInMillis: () => remainingMilliseconds } as Parameters<
      IdempotencyConfig["registerLambdaContext"]
    >[0]);
    const once = makeIdempotent(async (_data: { key: string; payload: unknown }) => run(), {
      persistenceStore,
      config,
      keyPrefix: operation,
    });
    try {
      return await once({ key, payload });
    } catch (error) {
      throw asProblem(error);
    }
  };

const asProblem = (error: unknown): unknown => {
  switch (error instanceof Error ? error.name : "") {
    case "IdempotencyValidationError":
      return new Problem("idempotency-key-reused", "This Idempotency-Key was used for another request before.", {
        cause: error,
      });
    case "IdempotencyAlreadyInProgressError":
    case "IdempotencyInconsistentStateError":
      return new Problem(
        "idempotency-in-flight",
        "The first request with this Idempotency-Key has not been answered yet.",
        {
          cause: error,
        },
      );
    // The library wraps what the table said; the cause tells whether another try may help.
    case "IdempotencyPersistenceLayerError":
      return (error as Error).cause ?? error;
    default:
      return error;
  }
};
