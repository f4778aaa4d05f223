import { beforeAll, describe, expect, test } from "vitest";
import { applier, type Call, type Reply, unique } from "./testing.ts";

const configMap = (name: string, data: Record<string, string>, labels?: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...(labels && { labels }) },
  data,
});

/** Which fields a manager of an object owns. */
const owned = ({ body }: Reply, manager: string): unknown =>
  (body.metadata.managedFields as { manager: string; fieldsV1: unknown }[]).find((one) => one.manager === manager)
    ?.fieldsV1;

/**
 * What the embedded Kubernetes API and a real one have in common. `policy` is the version of the policy group that the
 * server has.
 */
export const kubernetesContract = (connect: () => { call: Call }): void => {
  let [call, apply]: [Call, ReturnType<typeof applier>] = [
    () => Promise.reject(new Error()),
    applier(() => Promise.reject(new Error())),
  ];
  let space = "";

  beforeAll(async () => {
    ({ call } = connect());
    apply = applier(call);
    space = unique("contract");
    const made = await call("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: space },
    });
    expect(made.code).toBe(201);
  });

  const maps = (name = ""): string => `/api/v1/namespaces/${space}/configmaps${name === "" ? "" : `/${name}`}`;

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
