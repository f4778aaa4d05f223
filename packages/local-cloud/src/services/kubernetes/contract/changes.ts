import { describe, expect, test } from "vitest";
import { unique } from "../testing.ts";
import { configMap, type Ground } from "./ground.ts";

export const changesContract = ({ call, space, maps }: Ground): void => {
  describe("updates", () => {
    test("of what changed meanwhile conflict", async () => {
      const name = unique("map");
      const { body: first } = await call("POST", maps(), configMap(name, { a: "1" }));
      const second = await call("PUT", maps(name), { ...first, data: { a: "2" } });
      expect(second.code).toBe(200);
      expect(second.body.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      const stale = await call("PUT", maps(name), { ...first, data: { a: "3" } });
      expect(stale).toMatchObject({
        code: 409,
        body: {
          reason: "Conflict",
          message: `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`,
        },
      });
    });

    test("that change nothing keep the resource version", async () => {
      const name = unique("map");
      const { body: first } = await call("POST", maps(), configMap(name, { a: "1" }));
      const { body: second } = await call("PUT", maps(name), configMap(name, { a: "1" }));
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    test("by merge patch delete with null", async () => {
      const name = unique("map");
      await call("POST", maps(), configMap(name, { a: "1", b: "2" }));
      const type = "application/merge-patch+json";
      const { body } = await call("PATCH", maps(name), { data: { a: null, c: "3" } }, { type });
      expect(body.data).toEqual({ b: "2", c: "3" });
    });

    test("by strategic merge patch merge lists by their key", async () => {
      const path = `/api/v1/namespaces/${space}/services`;
      const name = unique("web");
      const port = { name: "http", port: 80, protocol: "TCP", targetPort: 80 };
      await call("POST", path, { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { ports: [port] } });
      const patch = { spec: { ports: [{ name: "metrics", port: 9090 }] } };
      const { code, body } = await call("PATCH", `${path}/${name}`, patch, {
        type: "application/strategic-merge-patch+json",
      });
      expect(code).toBe(200);
      expect((body.spec.ports as { port: number }[]).map((one) => one.port).toSorted((a, b) => a - b)).toEqual([
        80, 9090,
      ]);
    });

    test("of an unknown patch type are refused", async () => {
      const name = unique("map");
      await call("POST", maps(), configMap(name, {}));
      expect(await call("PATCH", maps(name), {}, { type: "text/plain" })).toMatchObject({
        code: 415,
        body: { reason: "UnsupportedMediaType" },
      });
    });

    test("in a dry run change nothing", async () => {
      const name = unique("map");
      const { code } = await call("POST", `${maps()}?dryRun=All`, configMap(name, {}));
      expect([code, (await call("GET", maps(name))).code]).toEqual([201, 404]);
    });
  });

  describe("lists", () => {
    test("select by label and field, page by page", async () => {
      const group = unique("group");
      const names = ["a", "b", "c"].map((one) => `${group}-${one}`);
      for (const [index, name] of names.entries()) {
        await call("POST", maps(), configMap(name, {}, { group, index: String(index) }));
      }
      const selected = async (query: string) => {
        const { body } = await call("GET", `${maps()}?${query}`);
        return (body.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
      };
      const label = (text: string): string => `labelSelector=${encodeURIComponent(text)}`;
      expect(await selected(label(`group=${group}`))).toEqual(names);
      expect(await selected(label(`group=${group},index in (0,2)`))).toEqual([names[0], names[2]]);
      expect(await selected(label(`group=${group},index!=1`))).toEqual([names[0], names[2]]);
      expect(await selected(label(`group=${group},!index`))).toEqual([]);
      expect(await selected(`fieldSelector=metadata.name=${names[1]}`)).toEqual([names[1]]);
      const first = await call("GET", `${maps()}?${label(`group=${group}`)}&limit=2`);
      expect(first.body).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
      expect(first.body.items).toHaveLength(2);
      expect(first.body.items[0].kind).toBeUndefined();
      const rest = await call(
        "GET",
        `${maps()}?${label(`group=${group}`)}&limit=2&continue=${first.body.metadata.continue}`,
      );
      expect(rest.body.items[0].metadata.name).toBe(names[2]);
      expect(rest.body.metadata.continue ?? "").toBe("");
    });

    test("of all namespaces name the namespace", async () => {
      const name = unique("map");
      await call("POST", maps(), configMap(name, {}));
      const { body } = await call("GET", `/api/v1/configmaps?fieldSelector=metadata.name=${name}`);
      expect(body.items[0].metadata.namespace).toBe(space);
    });

    test("cannot select by any field", async () => {
      const { code, body } = await call("GET", `${maps()}?fieldSelector=data.a=1`);
      expect([code, body.reason]).toEqual([400, "BadRequest"]);
    });
  });

  describe("deletion", () => {
    test("answers with a status", async () => {
      const name = unique("map");
      const { body: made } = await call("POST", maps(), configMap(name, {}));
      const { code, body } = await call("DELETE", maps(name));
      expect(code).toBe(200);
      expect(body).toMatchObject({
        kind: "Status",
        status: "Success",
        details: { name, kind: "configmaps", uid: made.metadata.uid },
      });
    });

    test("keeps to its preconditions", async () => {
      const name = unique("map");
      await call("POST", maps(), configMap(name, {}));
      const options = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: "other" } };
      expect(await call("DELETE", maps(name), options)).toMatchObject({ code: 409, body: { reason: "Conflict" } });
    });

    test("waits for finalizers", async () => {
      const name = unique("map");
      const object = { ...configMap(name, {}), metadata: { name, finalizers: ["tenantry.dev/hold"] } };
      await call("POST", maps(), object);
      expect((await call("DELETE", maps(name))).body.metadata.deletionTimestamp).toBeDefined();
      const type = "application/merge-patch+json";
      await call("PATCH", maps(name), { metadata: { finalizers: null } }, { type });
      expect((await call("GET", maps(name))).code).toBe(404);
    });
  });
};
