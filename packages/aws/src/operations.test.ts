import type { Tenant } from "@tenantry/core/tenant/tenant";
import { pendingCompensation, newOnboarding, pendingSteps } from "@tenantry/core/operation/begin";
import { compensationSteps } from "@tenantry/core/operation/operation";
import type { Operations, Registry } from "@tenantry/core/ports";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { at, commitFor, later, registries, tenantOf } from "./testing/registries.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await startDynamo();
});
afterAll(() => engine.stop());

describe.each(registries)("operations on %s", (_name, open) => {
  let registry: Registry;
  let operations: Operations;
  beforeEach(async () => {
    ({ registry, operations } = await open(engine));
  });

  const register = async (tenant: Tenant) => {
    const operation = newOnboarding(newId("operation"), tenant.id, at);
    return { operation, outcome: await registry.register(tenant, operation, commitFor(tenant.id)) };
  };

  describe("an operation", () => {
    let id: string;
    beforeEach(async () => {
      id = (await register(tenantOf("acme"))).operation.id;
    });
    const step = async (name: string) => (await operations.get(id))?.steps.find((one) => one.name === name);

    test("runs with its first step, and is listed so", async () => {
      await operations.startStep(id, "ValidateTenant", later);
      expect(await operations.get(id)).toMatchObject({ status: "running", updated_at: later });
      const running = await operations.list({ status: "running" }, { limit: 5, after: null });
      expect(running.items.map((one) => one.id)).toEqual([id]);
      await operations.startStep(id, "ProvisionStorage", later);
      expect(await operations.get(id)).toMatchObject({ status: "running" });
    });

    test("counts attempts and keeps the first start, the last end and its error", async () => {
      const error = { code: "Boom", message: "It broke." };
      await operations.startStep(id, "ProvisionDatabase", at);
      await operations.endStep(id, "ProvisionDatabase", at, { error });
      expect(await step("ProvisionDatabase")).toMatchObject({ status: "failed", attempts: 1, error, ended_at: at });
      await operations.startStep(id, "ProvisionDatabase", later);
      expect(await step("ProvisionDatabase")).toMatchObject({
        status: "running",
        attempts: 2,
        error: null,
        ended_at: null,
      });
      await operations.endStep(id, "ProvisionDatabase", later, { error: null });
      await operations.endStep(id, "ProvisionDatabase", later, { error });
      expect(await step("ProvisionDatabase")).toEqual({
        name: "ProvisionDatabase",
        status: "succeeded",
        attempts: 2,
        started_at: at,
        ended_at: later,
        error: null,
      });
    });

    test("loses nothing of steps that run at once", async () => {
      const names = ["ProvisionDatabase", "ProvisionStorage", "ProvisionIdentity"] as const;
      await Promise.all(
        names.map(async (name) => {
          for (let n = 0; n < 5; n++) await operations.startStep(id, name, at);
          await operations.endStep(id, name, later, { error: null });
        }),
      );
      for (const name of names) expect(await step(name)).toMatchObject({ status: "succeeded", attempts: 5 });
    });

    const stored = async () => (await operations.get(id))!;
    const flight = (name: string, deadline = "2026-11-20T13:47:00.000Z") => ({ id: name, execution: id, deadline });

    test("moves once from what was read, and lets no straggler begin", async () => {
      const error = { code: "Boom", message: "It broke.", step: "ProvisionStorage" } as const;
      const seen = await stored();
      const turn = () =>
        operations.move(seen, { to: "compensating", at: later, error, compensation: pendingCompensation() });
      const outcomes = await Promise.all([turn(), turn()]);
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
      const turned = await stored();
      expect(turned).toMatchObject({ status: "compensating", error, updated_at: later, ended_at: null });
      expect(turned.compensation.map(({ name, status }) => [name, status])).toEqual(
        compensationSteps.map((name) => [name, "pending"]),
      );
      await expect(operations.startStep(id, "ProvisionDatabase", later)).rejects.toMatchObject({
        code: "state-conflict",
      });
      expect(await operations.move(turned, { to: "failed", at: later, endedAt: later })).toMatchObject({
        status: "failed",
        ended_at: later,
        error,
      });
    });

    test("begins anew with nothing of the attempt before", async () => {
      await operations.startStep(id, "ProvisionDatabase", at);
      const seen = await stored();
      const failed = (await operations.move(seen, { to: "failed", at, endedAt: at, cancelledAt: at }))!;
      const change = { to: "pending", at: later, attempt: 2, execution: `${id}-2`, error: null } as const;
      const again = await operations.move(failed, {
        ...change,
        endedAt: null,
        cancelledAt: null,
        steps: pendingSteps(),
        compensation: [],
      });
      expect(again).toEqual({
        ...newOnboarding(id, seen.tenant_id, at),
        attempt: 2,
        execution: `${id}-2`,
        updated_at: later,
      });
      // The first execution is not the one that works on it now.
      await expect(operations.startStep(id, "ProvisionDatabase", later, flight("a"))).rejects.toMatchObject({
        code: "state-conflict",
      });
    });

    test("moves with its tenant and what is committed, or not at all", async () => {
      const seen = await stored();
      const was = (await registry.getTenant(seen.tenant_id))!;
      const change = { to: "compensating", at: later, tenant: { was, to: "failed" } } as const;
      expect(await operations.move({ ...seen, status: "running" }, change)).toBeNull();
      expect(
        await operations.move(seen, { ...change, tenant: { was: { ...was, status: "active" }, to: "failed" } }),
      ).toBeNull();
      expect(await stored()).toEqual(seen);
      expect(await operations.move(seen, { ...change, commit: commitFor(was.id) })).not.toBeNull();
      expect(await registry.getTenant(was.id)).toEqual({ ...was, status: "failed", updated_at: later });
      expect((await registry.listTenants({ status: "failed" }, { limit: 5, after: null })).items).toHaveLength(1);
    });

    test("takes a step back only while it is compensating", async () => {
      await expect(operations.startStep(id, "ReleaseStorage", at)).rejects.toMatchObject({ code: "state-conflict" });
      await operations.move(await stored(), { to: "compensating", at, compensation: pendingCompensation() });
      await operations.startStep(id, "ReleaseStorage", at, flight("a"));
      await operations.endStep(id, "ReleaseStorage", later, { error: null, flightId: "a" });
      expect((await stored()).compensation.find(({ name }) => name === "ReleaseStorage")).toEqual({
        name: "ReleaseStorage",
        status: "succeeded",
        attempts: 1,
        started_at: at,
        ended_at: later,
        error: null,
      });
    });

    test("that a step has succeeded stands, whatever another run of it meets before or after", async () => {
      const error = { code: "Boom", message: "It broke." };
      const storage = { bucket: "b", prefix: "tenants/tenant-acme/", objects: ["x"] };
      const record = { plane: "storage", made: storage, tenantId: (await stored()).tenant_id } as const;
      expect(await operations.startStep(id, "ProvisionStorage", at, flight("a"))).toBe("begun");
      expect(await operations.startStep(id, "ProvisionStorage", at, flight("b"))).toBe("begun");
      await operations.endStep(id, "ProvisionStorage", at, { error, flightId: "a" });
      await operations.endStep(id, "ProvisionStorage", later, { error: null, flightId: "b", record });
      const done = { status: "succeeded", attempts: 2, started_at: at, ended_at: later, error: null };
      expect(await step("ProvisionStorage")).toMatchObject(done);
      expect((await registry.getTenant(record.tenantId))?.resources).toEqual({ storage });
      // A run that comes late has nothing to do, and nothing to say.
      expect(await operations.startStep(id, "ProvisionStorage", later, flight("c"))).toBe("done");
      await operations.endStep(id, "ProvisionStorage", later, { error, flightId: "c" });
      expect(await step("ProvisionStorage")).toMatchObject(done);
      expect(await operations.inFlight(id, later)).toEqual([]);
      // That it has succeeded is no excuse for a straggler of another execution.
      await expect(
        operations.startStep(id, "ProvisionStorage", later, { ...flight("d"), execution: `${id}-7` }),
      ).rejects.toMatchObject({ code: "state-conflict" });
    });

    test("what was released stays so", async () => {
      const error = { code: "Boom", message: "It broke." };
      const turned = await operations.move(await stored(), {
        to: "compensating",
        at,
        compensation: pendingCompensation(),
      });
      const released = async () => (await stored()).compensation.find(({ name }) => name === "ReleaseStorage");
      for (const run of ["a", "b", "c"]) await operations.startStep(id, "ReleaseStorage", at, flight(run));
      await operations.endStep(id, "ReleaseStorage", at, { error, flightId: "a" });
      await operations.endStep(id, "ReleaseStorage", later, { error: null, flightId: "b" });
      await operations.endStep(id, "ReleaseStorage", later, { error, flightId: "c" });
      expect(await operations.startStep(id, "ReleaseStorage", later, flight("d"))).toBe("done");
      expect(await released()).toMatchObject({ status: "succeeded", attempts: 3, error: null });
      // The next execution that takes back finds it done; once the compensation is over nothing begins.
      const next = (await operations.move(turned!, { to: "compensating", at: later, execution: `${id}-c1` }))!;
      const again = { ...flight("e"), execution: `${id}-c1` };
      expect(await operations.startStep(id, "ReleaseStorage", later, again)).toBe("done");
      await operations.move(next, { to: "failed", at: later, endedAt: later });
      await expect(operations.startStep(id, "ReleaseStorage", later, again)).rejects.toMatchObject({
        code: "state-conflict",
      });
    });

    test("a step that failed is not helped by who is late for its execution", async () => {
      const error = { code: "Boom", message: "It broke." };
      await operations.startStep(id, "ProvisionStorage", at, flight("a"));
      await operations.startStep(id, "ProvisionStorage", at, flight("b"));
      await operations.endStep(id, "ProvisionStorage", at, { error, flightId: "a" });
      await operations.move(await stored(), { to: "compensating", at, compensation: pendingCompensation() });
      const record = { plane: "storage", made: null, tenantId: (await stored()).tenant_id } as const;
      await operations.endStep(id, "ProvisionStorage", later, { error: null, flightId: "b", record });
      expect(await step("ProvisionStorage")).toMatchObject({ status: "failed", error });
      expect(await operations.inFlight(id, later)).toEqual([]);
    });

    test("knows which attempts are in flight, until they land or their deadline is over", async () => {
      await operations.startStep(id, "ProvisionStorage", at, flight("a"));
      await operations.startStep(id, "ProvisionStorage", at, flight("b", "2026-11-20T13:48:00.000Z"));
      await operations.startStep(id, "ProvisionIdentity", at, flight("c"));
      await operations.endStep(id, "ProvisionIdentity", later, { error: null, flightId: "c" });
      await operations.endStep(id, "ProvisionStorage", later, { error: null, flightId: "a" });
      expect(await operations.inFlight(id, later)).toEqual(["ProvisionStorage"]);
      expect(await operations.inFlight(id, "2026-11-20T13:49:00.000Z")).toEqual([]);
      await operations.endStep(id, "ProvisionStorage", later, { error: null, flightId: "b" });
      expect(await operations.inFlight(id, later)).toEqual([]);
      await operations.startStep(id, "ProvisionDatabase", at, flight("d"));
      await operations.land(id, "ProvisionDatabase", "d");
      expect(await operations.inFlight(id, later)).toEqual([]);
      expect(await step("ProvisionDatabase")).toMatchObject({ status: "running" });
    });

    test("that does not exist is a problem", async () => {
      const none = newId("operation");
      const missing = { code: "operation-not-found" };
      await expect(operations.startStep(none, "NotifyOwner", at)).rejects.toMatchObject(missing);
      await expect(operations.endStep(none, "NotifyOwner", at, { error: null })).rejects.toMatchObject(missing);
    });

    test("is listed, of all tenants or of one", async () => {
      const other = tenantOf("other");
      const { operation } = await register(other);
      const page = { limit: 5, after: null };
      expect((await operations.list({}, page)).items.map((one) => one.id)).toEqual([operation.id, id]);
      expect((await operations.list({ tenantId: other.id }, page)).items).toEqual([operation]);
      await operations.startStep(id, "ValidateTenant", later);
      expect((await operations.list({ status: "running" }, page)).items.map((one) => one.id)).toEqual([id]);
      expect((await operations.list({ status: "pending" }, page)).items).toEqual([operation]);
      expect((await operations.list({ status: "pending", tenantId: other.id }, page)).items).toEqual([operation]);
      expect((await operations.list({ status: "failed", tenantId: other.id }, page)).items).toEqual([]);
    });
  });
});
