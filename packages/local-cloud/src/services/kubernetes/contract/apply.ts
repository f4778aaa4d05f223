import { describe, expect, test } from "vitest";
import { unique } from "../testing.ts";
import { configMap, owned, type Ground } from "./ground.ts";

export const applyContract = ({ call, apply, space, maps }: Ground): void => {
  describe("server-side apply", () => {
    const value = (name: string, data: Record<string, string>) => configMap(name, data);

    test("makes an object, and owns what it set", async () => {
      const name = unique("map");
      const made = await apply("one", maps(name), configMap(name, { a: "1" }, { app: "x" }));
      expect(made.code).toBe(201);
      expect(owned(made, "one")).toEqual({ "f:data": { "f:a": {} }, "f:metadata": { "f:labels": { "f:app": {} } } });
      const entry = made.body.metadata.managedFields[0];
      expect(entry).toMatchObject({ operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1" });
    });

    test("again changes nothing", async () => {
      const name = unique("map");
      const first = await apply("one", maps(name), value(name, { a: "1" }));
      const second = await apply("one", maps(name), value(name, { a: "1" }));
      expect([second.code, second.body.metadata.resourceVersion]).toEqual([200, first.body.metadata.resourceVersion]);
    });

    test("takes away what it set before and no longer does", async () => {
      const name = unique("map");
      await apply("one", maps(name), value(name, { a: "1", b: "2" }));
      const { body } = await apply("one", maps(name), value(name, { b: "2" }));
      expect(body.data).toEqual({ b: "2" });
    });

    test("by two managers of different fields merges", async () => {
      const name = unique("map");
      await apply("one", maps(name), value(name, { a: "1" }));
      const both = await apply("two", maps(name), value(name, { b: "2" }));
      expect(both.body.data).toEqual({ a: "1", b: "2" });
      const less = await apply("one", maps(name), { apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
      expect(less.body.data).toEqual({ b: "2" });
    });

    test("of another's field conflicts, unless the value is the same", async () => {
      const name = unique("map");
      await apply("one", maps(name), value(name, { a: "1", b: "1" }));
      const { code, body } = await apply("two", maps(name), value(name, { a: "2" }));
      expect(code).toBe(409);
      expect(body).toMatchObject({
        reason: "Conflict",
        message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
        details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.a" }] },
      });
      const several = await apply("two", maps(name), value(name, { a: "2", b: "2" }));
      expect(several.body.message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b');
      const shared = await apply("two", maps(name), value(name, { a: "1" }));
      expect([owned(shared, "one"), owned(shared, "two")]).toEqual([
        { "f:data": { "f:a": {}, "f:b": {} } },
        { "f:data": { "f:a": {} } },
      ]);
      const kept = await apply("one", maps(name), value(name, { b: "1" }));
      expect(kept.body.data).toEqual({ a: "1", b: "1" });
    });

    test("by force takes the field over", async () => {
      const name = unique("map");
      await apply("one", maps(name), value(name, { a: "1", b: "1" }));
      const forced = await apply("two", maps(name), value(name, { a: "2" }), true);
      expect(forced.body.data).toEqual({ a: "2", b: "1" });
      expect([owned(forced, "one"), owned(forced, "two")]).toEqual([
        { "f:data": { "f:b": {} } },
        { "f:data": { "f:a": {} } },
      ]);
    });

    test("and updates own fields too", async () => {
      const name = unique("map");
      await apply("one", maps(name), value(name, { a: "1", b: "1" }));
      const type = "application/merge-patch+json";
      await call("PATCH", maps(name), { data: { a: "2" } }, { type, agent: "editor/1.0" });
      const { code, body } = await apply("one", maps(name), value(name, { a: "1", b: "1" }));
      expect(code).toBe(409);
      expect(body.details.causes[0]).toMatchObject({
        field: ".data.a",
        message: expect.stringMatching(/^conflict with "editor" using v1( at .*)?$/),
      });
      const stays = await apply("one", maps(name), value(name, { b: "1" }));
      expect(stays.body.data).toEqual({ a: "2", b: "1" });
    });

    test("needs a manager's name", async () => {
      const name = unique("map");
      const type = "application/apply-patch+yaml";
      const { code, body } = await call("PATCH", maps(name), value(name, {}), { type });
      expect([code, body.details.causes[0].field]).toEqual([422, "fieldManager"]);
    });

    test("takes YAML", async () => {
      const name = unique("map");
      const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "1"\n`;
      const type = "application/apply-patch+yaml";
      const { body } = await call("PATCH", `${maps(name)}?fieldManager=one`, yaml, { type });
      expect(body.data).toEqual({ a: "1" });
    });

    test("refuses fields that are not known, and objects that cannot be", async () => {
      const name = unique("map");
      const unknown = await apply("one", maps(name), { ...value(name, {}), dta: { a: "1" } });
      expect(unknown.code).toBe(500);
      expect(unknown.body.message).toContain(".dta: field not declared in schema");
      expect((await apply("one", maps("Bad"), value("Bad", {}))).code).toBe(422);
      expect((await apply("one", maps(name), value("other", {}))).code).toBe(400);
      expect((await apply("one", "/api/v1/namespaces/nowhere/configmaps/a", value("a", {}))).code).toBe(404);
    });

    test("merges lists by their key and replaces those without", async () => {
      const name = unique("web");
      const path = `/apis/apps/v1/namespaces/${space}/deployments/${name}`;
      const deployment = (image: string, ...env: string[]) => ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name },
        spec: {
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: { containers: [{ name: "web", image, env: env.map((one) => ({ name: one, value: one })) }] },
          },
        },
      });
      expect((await apply("one", path, deployment("a", "A", "B"))).code).toBe(201);
      const sidecar = {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name },
        spec: {
          selector: { matchLabels: { app: name } },
          template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "log", image: "log" }] } },
        },
      };
      const both = await apply("two", path, sidecar);
      expect(both.code).toBe(200);
      expect((both.body.spec.template.spec.containers as { name: string }[]).map((one) => one.name)).toEqual([
        "web",
        "log",
      ]);
      expect((owned(both, "two") as Record<string, never>)["f:spec"]).toEqual({
        "f:selector": {},
        "f:template": {
          "f:metadata": { "f:labels": { "f:app": {} } },
          "f:spec": { "f:containers": { 'k:{"name":"log"}': { ".": {}, "f:image": {}, "f:name": {} } } },
        },
      });
      const less = await apply("one", path, deployment("a", "B"));
      const [web, log] = less.body.spec.template.spec.containers as { image: string; env?: object[] }[];
      expect([web?.env, log?.image]).toEqual([[{ name: "B", value: "B" }], "log"]);
      expect(less.body.metadata.generation).toBe(3);
    });

    test("replaces the rules of a policy as a whole", async () => {
      const name = unique("policy");
      const path = `/apis/networking.k8s.io/v1/namespaces/${space}/networkpolicies/${name}`;
      const policy = (...ports: number[]) => ({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name },
        spec: { podSelector: {}, ingress: ports.map((port) => ({ ports: [{ port }] })), policyTypes: ["Ingress"] },
      });
      await apply("one", path, policy(80, 81));
      const { body } = await apply("one", path, policy(82));
      expect(body.spec.ingress).toEqual([{ ports: [{ port: 82, protocol: "TCP" }] }]);
      expect(owned({ code: 200, body, headers: {} }, "one")).toEqual({
        "f:spec": { "f:ingress": {}, "f:podSelector": {}, "f:policyTypes": {} },
      });
    });
  });
};
