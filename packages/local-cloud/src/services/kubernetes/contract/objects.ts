import { describe, expect, test } from "vitest";
import { unique } from "../testing.ts";
import { configMap, type Ground } from "./ground.ts";

export const objectsContract = ({ call, space, maps }: Ground): void => {
  describe("objects", () => {
    test("get what the server adds", async () => {
      const name = unique("map");
      const { code, body } = await call("POST", maps(), configMap(name, { a: "1" }));
      expect(code).toBe(201);
      expect(body).toMatchObject({
        apiVersion: "v1",
        kind: "ConfigMap",
        data: { a: "1" },
        metadata: { name, namespace: space, uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/) },
      });
      expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect((await call("GET", maps(name))).body.metadata.uid).toBe(body.metadata.uid);
    });

    test("are not made twice", async () => {
      const name = unique("map");
      await call("POST", maps(), configMap(name, {}));
      const { code, body } = await call("POST", maps(), configMap(name, {}));
      expect(code).toBe(409);
      expect(body).toMatchObject({
        kind: "Status",
        status: "Failure",
        reason: "AlreadyExists",
        message: `configmaps "${name}" already exists`,
        details: { name, kind: "configmaps" },
        code: 409,
      });
    });

    test("that are not there are not found", async () => {
      expect(await call("GET", maps("none"))).toMatchObject({
        code: 404,
        body: {
          reason: "NotFound",
          message: 'configmaps "none" not found',
          details: { name: "none", kind: "configmaps" },
        },
      });
      expect((await call("DELETE", maps("none"))).code).toBe(404);
      expect((await call("PUT", maps("none"), configMap("none", {}))).code).toBe(404);
    });

    test.each(["Upper", "a_b", "-a", "a".repeat(254), "a..b", "日本"])("cannot be called %s", async (name) => {
      const { code, body } = await call("POST", maps(), configMap(name, {}));
      expect(code).toBe(422);
      expect(body).toMatchObject({ reason: "Invalid", details: { name, kind: "ConfigMap" } });
      expect(body.details.causes[0]).toMatchObject({ reason: "FieldValueInvalid", field: "metadata.name" });
    });

    test("may be named by the server", async () => {
      const { body } = await call("POST", maps(), { ...configMap("", {}), metadata: { generateName: "made-" } });
      expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    });

    test("without a name are refused", async () => {
      const { code, body } = await call("POST", maps(), { apiVersion: "v1", kind: "ConfigMap", metadata: {} });
      expect(code).toBe(422);
      expect(body.details.causes[0]).toMatchObject({ reason: "FieldValueRequired", field: "metadata.name" });
    });

    test("must fit the address", async () => {
      const elsewhere = { ...configMap("a", {}), metadata: { name: "a", namespace: "other" } };
      expect(await call("POST", maps(), elsewhere)).toMatchObject({ code: 400, body: { reason: "BadRequest" } });
      const other = { ...configMap("a", {}), kind: "Secret" };
      expect((await call("POST", maps(), other)).code).toBe(400);
      const wrong = { ...configMap("a", {}), data: { a: 1 } };
      expect((await call("POST", maps(), wrong)).code).toBe(400);
      expect((await call("POST", maps(), "{")).code).toBe(400);
    });

    test("belong to a namespace that is there", async () => {
      const { code, body } = await call("POST", "/api/v1/namespaces/nowhere/configmaps", configMap("a", {}));
      expect([code, body.message]).toEqual([404, 'namespaces "nowhere" not found']);
    });

    test("are refused with labels that cannot be", async () => {
      for (const labels of [{ "a b": "c" }, { a: "b c" }]) {
        const { code, body } = await call("POST", maps(), configMap(unique("map"), {}, labels));
        expect([code, body.details.causes[0].field]).toEqual([422, "metadata.labels"]);
      }
    });
  });
};
