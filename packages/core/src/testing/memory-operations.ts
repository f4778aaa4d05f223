import { movedBy } from "../operation/moved.ts";
import type { Operation, StepName } from "../operation/operation.ts";
import type { Operations, StepEnd } from "../ports.ts";
import { Problem } from "../problem.ts";
import { giveBack, type Memory, pageOf, take } from "./memory.ts";

type Progress = { readonly name: StepName } & Omit<Operation["steps"][number], "name">;

/** The operations in memory; they pass the same suite as those in DynamoDB. */
export const memoryOperations = (state: Memory): Operations => {
  const read = (id: string): Operation => {
    const operation = state.operations.get(id);
    if (operation === undefined) throw new Problem("operation-not-found", `There is no operation ${id}.`);
    return operation;
  };
  const progressOf = (id: string, name: StepName): Progress | undefined => {
    const { steps, compensation } = read(id);
    return [...steps, ...compensation].find((step) => step.name === name);
  };
  const isOpen = (id: string, name: StepName): boolean => {
    const { status } = read(id);
    return name.startsWith("Release") ? status === "compensating" : status === "pending" || status === "running";
  };
  const put = (id: string, at: string, progress: Progress): void => {
    const { name, ...changed } = progress;
    const replace = <T extends { readonly name: StepName }>(steps: readonly T[]) =>
      steps.map((step) => (step.name === name ? { ...step, ...changed } : step));
    const operation = read(id);
    state.operations.set(id, {
      ...operation,
      steps: replace(operation.steps),
      compensation: replace(operation.compensation),
      updated_at: at,
    });
  };

  return {
    get: async (id) => state.operations.get(id) ?? null,
    list: async ({ tenantId, status }, page) =>
      pageOf(
        [...state.operations.values()].filter(
          (one) =>
            (tenantId === undefined || one.tenant_id === tenantId) && (status === undefined || one.status === status),
        ),
        page,
      ),
    async startStep(id, name, at, flight) {
      const { status, execution } = read(id);
      const step = progressOf(id, name);
      if (step === undefined || !isOpen(id, name) || (flight !== undefined && flight.execution !== execution))
        throw new Problem("state-conflict", `The operation ${id} does not wait for ${name}.`);
      if (step.status === "succeeded") return "done";
      if (status === "pending") state.operations.set(id, { ...read(id), status: "running" });
      const attempts = step.attempts + 1;
      put(id, at, {
        ...step,
        status: "running",
        attempts,
        started_at: step.started_at ?? at,
        ended_at: null,
        error: null,
      });
      if (flight !== undefined) state.flights.set(`${id}/${name}/${flight.id}`, flight.deadline);
      return "begun";
    },
    async endStep(id, name, at, { error, flightId, record }) {
      const step = progressOf(id, name);
      const flew = state.flights.delete(`${id}/${name}/${flightId}`);
      const helps = step?.status === "failed" && error === null && flew && isOpen(id, name);
      if (step === undefined || (step.status !== "running" && !helps)) return;
      if (record !== undefined) setResources(state, record, at);
      put(id, at, { ...step, status: error === null ? "succeeded" : "failed", ended_at: at, error });
    },
    async land(id, name, flightId) {
      read(id);
      state.flights.delete(`${id}/${name}/${flightId}`);
    },
    async inFlight(id, at) {
      const own = [...state.flights].filter(([key, deadline]) => key.startsWith(`${id}/`) && deadline > at);
      return own.map(([key]) => key.split("/")[1] as StepName);
    },
    async move(operation, change) {
      const now = read(operation.id);
      const tenant = change.tenant && state.tenants.get(change.tenant.was.id);
      if (now.status !== operation.status || now.execution !== operation.execution) return null;
      if (change.tenant !== undefined && tenant?.status !== change.tenant.was.status) return null;
      const { quota } = change;
      if (quota !== undefined && "take" in quota && !take(state.quotas, quota.take))
        throw new Problem("quota-used-up", "There is no room for it.");
      if (quota !== undefined && "giveBack" in quota) giveBack(state.quotas, quota.giveBack);
      if (change.tenant !== undefined && tenant !== undefined)
        state.tenants.set(tenant.id, { ...tenant, status: change.tenant.to, updated_at: change.at });
      const moved = movedBy(now, change);
      state.operations.set(operation.id, moved);
      if (change.commit !== undefined) state.commits.push(change.commit);
      return moved;
    },
  };
};

const setResources = (state: Memory, { tenantId, plane, made }: NonNullable<StepEnd["record"]>, at: string): void => {
  const tenant = state.tenants.get(tenantId);
  if (tenant === undefined) throw new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
  const { [plane]: _before, ...others } = tenant.resources;
  const resources = made === null ? others : { ...others, [plane]: made };
  state.tenants.set(tenantId, { ...tenant, resources, updated_at: at });
};
