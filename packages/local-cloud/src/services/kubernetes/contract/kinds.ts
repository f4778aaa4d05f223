import { describe, expect, test } from "vitest";
import { unique } from "../testing.ts";
import { configMap, type Ground } from "./ground.ts";

export const kindsContract = ({ call, apply, space, maps }: Ground): void => {
  describe("kinds", () => {
    test("quantities are written in one form", async () => {
      const name = unique("quota");
      const hard = {
        "requests.cpu": "2500m",
        "limits.cpu": "4000m",
        memory: "2048Mi",
        pods: 20,
        "requests.storage": "1.5Gi",
        cpu: "0.5",
      };
      const { code, body } = await call("POST", `/api/v1/namespaces/${space}/resourcequotas`, {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name },
        spec: { hard },
      });
      expect(code).toBe(201);
      expect(body.spec.hard).toEqual({
        "requests.cpu": "2500m",
        "limits.cpu": "4",
        memory: "2Gi",
        pods: "20",
        "requests.storage": "1536Mi",
        cpu: "500m",
      });
      const bad = await call("POST", `/api/v1/namespaces/${space}/resourcequotas`, {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: unique("quota") },
        spec: { hard: { pods: "many" } },
      });
      expect(bad.code).toBe(400);
    });

    test("limits get their defaults", async () => {
      const { body } = await call("POST", `/api/v1/namespaces/${space}/limitranges`, {
        apiVersion: "v1",
        kind: "LimitRange",
        metadata: { name: unique("limits") },
        spec: { limits: [{ type: "Container", max: { cpu: "2", memory: "1Gi" }, default: { cpu: "250m" } }] },
      });
      expect(body.spec.limits[0]).toEqual({
        type: "Container",
        max: { cpu: "2", memory: "1Gi" },
        default: { cpu: "250m", memory: "1Gi" },
        defaultRequest: { cpu: "250m", memory: "1Gi" },
      });
    });

    test("a binding names its role for good", async () => {
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${space}/rolebindings`;
      const name = unique("binding");
      const binding = (role: object) => ({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name },
        subjects: [{ kind: "Group", name: "viewers" }],
        roleRef: { apiGroup: "rbac.authorization.k8s.io", ...role },
      });
      const { code, body } = await call("POST", path, binding({ kind: "Role", name: "viewer" }));
      expect(code).toBe(201);
      expect(body.subjects).toEqual([{ kind: "Group", name: "viewers", apiGroup: "rbac.authorization.k8s.io" }]);
      const changed = await call("PUT", `${path}/${name}`, binding({ kind: "Role", name: "other" }));
      expect([changed.code, changed.body.details.causes[0].field]).toEqual([422, "roleRef"]);
      const wrong = await call("POST", path, {
        ...binding({ kind: "Pod", name: "x" }),
        metadata: { name: unique("b") },
      });
      expect([wrong.code, wrong.body.details.causes[0].reason]).toEqual([422, "FieldValueNotSupported"]);
    });

    test("a secret keeps text as base64", async () => {
      const { body } = await call("POST", `/api/v1/namespaces/${space}/secrets`, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: unique("secret") },
        stringData: { password: "hunter2" },
      });
      expect(body).toMatchObject({ type: "Opaque", data: { password: "aHVudGVyMg==" } });
      expect(body.stringData).toBeUndefined();
    });

    test("a namespace is marked with its name, ends, and takes nothing new meanwhile", async () => {
      const name = unique("space");
      const made = await apply("one", `/api/v1/namespaces/${name}`, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: { tier: "premium" } },
      });
      expect(made.code).toBe(201);
      expect(made.body).toMatchObject({ status: { phase: "Active" }, spec: { finalizers: ["kubernetes"] } });
      const { code, body } = await call("DELETE", `/api/v1/namespaces/${name}`);
      expect(code).toBe(200);
      expect(body).toMatchObject({ kind: "Namespace", status: { phase: "Terminating" } });
      expect(body.metadata.deletionTimestamp).toBeDefined();
      const late = await call("POST", `/api/v1/namespaces/${name}/configmaps`, configMap("late", {}));
      expect(late).toMatchObject({ code: 403, body: { reason: "Forbidden" } });
      expect(late.body.message).toContain(
        `unable to create new content in namespace ${name} because it is being terminated`,
      );
      expect(
        (await call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "a.b" } }))
          .code,
      ).toBe(422);
    });

    test("the status is written under a path of its own", async () => {
      const name = unique("quota");
      const path = `/api/v1/namespaces/${space}/resourcequotas/${name}`;
      const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name }, spec: { hard: { pods: "1" } } };
      await call("POST", path.slice(0, path.lastIndexOf("/")), { ...quota, status: { used: { pods: "1" } } });
      const type = "application/merge-patch+json";
      const { body } = await call(
        "PATCH",
        `${path}/status`,
        { spec: { hard: { pods: "9" } }, status: { used: { pods: "1" } } },
        { type },
      );
      expect([body.spec.hard.pods, body.status.used.pods]).toEqual(["1", "1"]);
      const main = await call(
        "PATCH",
        path,
        { spec: { hard: { pods: "2" } }, status: { used: { pods: "7" } } },
        { type },
      );
      expect([main.body.spec.hard.pods, main.body.status.used.pods]).toEqual(["2", "1"]);
    });
  });

  describe("discovery", () => {
    test("says what is served", async () => {
      expect((await call("GET", "/api")).body.versions).toEqual(["v1"]);
      const { body } = await call("GET", "/apis");
      expect((body.groups as { name: string }[]).map(({ name }) => name)).toEqual(
        expect.arrayContaining(["apps", "networking.k8s.io", "rbac.authorization.k8s.io", "policy"]),
      );
      const core = await call("GET", "/api/v1");
      expect(core.body).toMatchObject({ kind: "APIResourceList", groupVersion: "v1" });
      expect(core.body.resources).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: "namespaces", kind: "Namespace", namespaced: false })]),
      );
      expect((await call("GET", "/version")).body.gitVersion).toMatch(/^v\d/);
    });

    test("what is not served is not found", async () => {
      const { code, body } = await call("GET", `/apis/apps/v1/namespaces/${space}/nothings`);
      expect([code, body.reason ?? "NotFound"]).toEqual([404, "NotFound"]);
      expect((await call("POST", maps("a"), {})).code).toBe(405);
    });
  });
};
