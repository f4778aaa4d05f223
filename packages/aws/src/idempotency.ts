import { createHash } from "node:crypto";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Answer, type Idempotency, type IdempotentRequest, keyLifeSeconds } from "@tenantry/core/idempotency";
import { Problem } from "@tenantry/core/problem";
import { idempotencyPartition } from "./control-table.ts";
import type { Envelopes, Sealed } from "./envelope.ts";

/** The library's layer, for answers that end before the day does. */
class Answers extends DynamoDBPersistenceLayer {
  /** Seconds since 1970. */
  until = Number.POSITIVE_INFINITY;

  protected override async _updateRecord(record: Parameters<DynamoDBPersistenceLayer["_updateRecord"]>[0]) {
    record.expiryTimestamp = Math.min(record.expiryTimestamp ?? this.until, this.until);
    // oxlint-disable-next-line eslint/no-underscore-dangle -- the library's name
    await super._updateRecord(record);
  }
}

const contextOf = ({ caller, operation, key }: IdempotentRequest) => ({
  caller,
  operation,
  key: createHash("sha256").update(key).digest("base64"),
});

/**
 * Idempotency keys in the Control table, one partition for each caller, forgotten after a day. Answers are kept
 * encrypted: some have secrets in them, and the table has a stream and backups.
 */
export const dynamoIdempotency =
  (client: DynamoDBClient, table: string, envelopes: Envelopes): Idempotency =>
  async <Result>(request: IdempotentRequest, run: () => Promise<Answer<Result>>): Promise<Result> => {
    const { caller, operation, key, payload, remainingMilliseconds } = request;
    const persistenceStore = new Answers({
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
      expiresAfterSeconds: keyLifeSeconds,
      hashFunction: "sha256",
    });
    // The library reads nothing but this of Lambda's context.
    config.registerLambdaContext({ getRemainingTimeInMillis: () => remainingMilliseconds } as Parameters<
      IdempotencyConfig["registerLambdaContext"]
    >[0]);
    const context = contextOf(request);
    let fresh: Answer<Result> | undefined;
    const runAndSeal = async (_data: { key: string; payload: unknown }): Promise<Sealed> => {
      // Before anything is done: nothing but the write itself may then come between what was done and its answer.
      const seal = await envelopes.prepare(context);
      fresh = await run();
      if (fresh.until !== undefined) persistenceStore.until = Math.floor(Date.parse(fresh.until) / 1000);
      return seal(JSON.stringify(fresh.result));
    };
    const once = makeIdempotent(runAndSeal, { persistenceStore, config, keyPrefix: operation });
    try {
      const sealed = await once({ key, payload });
      return fresh === undefined ? (JSON.parse(await envelopes.open(sealed, context)) as Result) : fresh.result;
    } catch (error) {
      // It is done, though it could not be noted: to say that it failed would have it done again.
      if (fresh !== undefined) return fresh.result;
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
