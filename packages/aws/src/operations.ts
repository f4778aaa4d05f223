import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { movedBy } from "@tenantry/core/operation/moved";
import { operationStatuses } from "@tenantry/core/operation/operation";
import type { Operations } from "@tenantry/core/ports";
import { Problem } from "@tenantry/core/problem";
import { keys, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { flightsIn, operationFromItem } from "./operation-item.ts";
import { moveWrites } from "./operation-move.ts";
import { endOf, phaseOf, startOf } from "./operation-step.ts";
import { type OperationUpdate, updateOf } from "./operation-update.ts";
import { readPage } from "./pages.ts";
import { recordWrite } from "./tenant-record.ts";
import { transact, type Write } from "./transact.ts";

/** Operations in the Control table. Each write names the attributes it changes, so steps that run at once do not meet. */
export const dynamoOperations = (documents: Documents, table: string): Operations => {
  const read = async (id: string): Promise<Record<string, unknown> | undefined> =>
    (await documents.send(new GetCommand({ TableName: table, Key: keys.operation(id), ConsistentRead: true }))).Item;

  const get: Operations["get"] = async (id) => {
    const item = await read(id);
    return item === undefined ? null : operationFromItem(item);
  };

  /** @returns whether the condition held. @throws Problem `operation-not-found` */
  const change = async (id: string, update: OperationUpdate): Promise<boolean> => {
    try {
      await documents.send(new UpdateCommand(updateOf(table, id, update)));
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      if ((await get(id)) === null)
        throw new Problem("operation-not-found", `There is no operation ${id}.`, { cause: error });
      return false;
    }
  };

  /** The same with another write, both or neither. @throws Problem `tenant-not-found` when that one's condition fails. */
  const changeWith = async (id: string, update: OperationUpdate, other: Write): Promise<boolean> => {
    const failed = await transact(documents, [{ Update: updateOf(table, id, update) }, other]);
    if (failed.includes(1)) throw new Problem("tenant-not-found", `The operation ${id} is of a tenant that is gone.`);
    return failed.length === 0;
  };

  const land: Operations["land"] = async (id, step, flightId) => {
    const names = { "#flight": `${step}/${flightId}` };
    await change(id, { set: { "flights.#flight": null }, when: "attribute_exists(pk)", names });
  };

  return {
    get,

    list({ tenantId, status }, page) {
      const wanted =
        tenantId === undefined
          ? (status === undefined ? operationStatuses : [status]).map((one) => partitions.operationsIn(one))
          : [partitions.operationsOn(tenantId)];
      // Of one tenant there are few: those of another status are passed over.
      const only = tenantId !== undefined && status !== undefined ? { status } : undefined;
      return readPage(documents, table, wanted, page, operationFromItem, only);
    },

    async startStep(id, step, at, flight) {
      if (await change(id, startOf(id, step, at, flight))) return "begun";
      const { status, execution, steps, compensation } = (await get(id))!;
      const waits = phaseOf(step).includes(status) && (flight === undefined || flight.execution === execution);
      const found = [...steps, ...compensation].find(({ name }) => name === step);
      if (waits && found?.status === "succeeded") return "done";
      throw new Problem("state-conflict", `The operation ${id} does not wait for ${step}.`);
    },

    async endStep(id, step, at, { error, flightId, record }) {
      const end = endOf(step, at, error, flightId);
      const ended =
        record === undefined ? await change(id, end) : await changeWith(id, end, recordWrite(table, record, at));
      // Another attempt ended the step before; this one is over all the same.
      if (!ended && flightId !== undefined) await land(id, step, flightId);
    },

    land,

    async inFlight(id, at) {
      return flightsIn((await read(id)) ?? {}, at);
    },

    async move(operation, next) {
      const failed = await transact(documents, moveWrites(table, operation, next));
      // Steps that ended meanwhile are not in it: who needs them reads again.
      if (failed.length === 0) return movedBy(operation, next);
      const decisive = next.tenant === undefined ? 1 : 2;
      if (failed.some((place) => place < decisive)) return null;
      if (next.quota !== undefined && failed.includes(decisive))
        throw new Problem("quota-used-up", "There was no room for it a moment ago.");
      throw new Error(`The commit of a change to ${operation.id} met an item that was there before.`);
    },
  };
};
