import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Operations } from "@tenantry/core/ports";
import { Problem } from "@tenantry/core/problem";
import { keys, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { operationFromItem } from "./operation-item.ts";
import { readPage } from "./pages.ts";

type Change = {
  readonly set: string;
  readonly remove?: string;
  readonly when: string;
  readonly step?: string;
  readonly values: Readonly<Record<string, unknown>>;
};

/** Operations in the Control table. Each write names the attributes it changes, so steps that run at once do not meet. */
export const dynamoOperations = (documents: Documents, table: string): Operations => {
  const get: Operations["get"] = async (id) => {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.operation(id), ConsistentRead: true }),
    );
    return Item === undefined ? null : operationFromItem(Item);
  };

  /** @returns whether the condition held. @throws Problem `operation-not-found` */
  const change = async (id: string, { set, remove, when, step, values }: Change): Promise<boolean> => {
    // Every write counts: the change feed orders what it saw by it.
    const expressions = `SET ${set}, #version = if_not_exists(#version, :none) + :next${remove === undefined ? "" : ` REMOVE ${remove}`}`;
    const names = ["status", "steps", "attempts", "started_at", "ended_at", "updated_at", "error", "version"].filter(
      (name) => new RegExp(`#${name}\\b`).test(`${expressions} ${when}`),
    );
    const update = new UpdateCommand({
      TableName: table,
      Key: keys.operation(id),
      UpdateExpression: expressions,
      ConditionExpression: when,
      ExpressionAttributeNames: {
        ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ...(step === undefined ? {} : { "#step": step }),
      },
      ExpressionAttributeValues: { ...values, ":none": 0, ":next": 1 },
    });
    try {
      await documents.send(update);
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      if ((await get(id)) === null)
        throw new Problem("operation-not-found", `There is no operation ${id}.`, { cause: error });
      return false;
    }
  };

  return {
    get,

    list: ({ tenantId }, page) =>
      readPage(
        documents,
        table,
        [tenantId === undefined ? partitions.operations : partitions.operationsOn(tenantId)],
        page,
        operationFromItem,
      ),

    async start(id, at) {
      await change(id, {
        set: "#status = :running, #updated_at = :at",
        when: "#status = :pending",
        values: { ":running": "running", ":pending": "pending", ":at": at },
      });
    },

    async startStep(id, step, at) {
      const begun = await change(id, {
        set:
          "#steps.#step.#status = :running, #steps.#step.#attempts = #steps.#step.#attempts + :one, " +
          "#steps.#step.#started_at = if_not_exists(#steps.#step.#started_at, :at), #updated_at = :at",
        remove: "#steps.#step.#ended_at, #steps.#step.#error",
        when: "attribute_exists(pk) AND attribute_not_exists(#ended_at)",
        step,
        values: { ":running": "running", ":one": 1, ":at": at },
      });
      if (!begun) throw new Problem("state-conflict", `The operation ${id} has ended.`);
    },

    async endStep(id, step, at, error) {
      await change(id, {
        set:
          "#steps.#step.#status = :status, #steps.#step.#ended_at = :at, #updated_at = :at" +
          (error === null ? "" : ", #steps.#step.#error = :error"),
        when: "#steps.#step.#status = :running",
        step,
        values: {
          ":running": "running",
          ":status": error === null ? "succeeded" : "failed",
          ":at": at,
          ...(error === null ? {} : { ":error": error }),
        },
      });
    },

    async end(id, at, outcome) {
      const failed = outcome.status === "failed";
      await change(id, {
        set: `#status = :status, #ended_at = :at, #updated_at = :at${failed ? ", #error = :error" : ""}`,
        when: "attribute_exists(pk) AND attribute_not_exists(#ended_at)",
        values: {
          ":status": outcome.status,
          ":at": at,
          ...(failed ? { ":error": { ...outcome.error, step: outcome.step } } : {}),
        },
      });
    },
  };
};
