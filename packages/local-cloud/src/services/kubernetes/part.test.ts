import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { afterEach, describe, expect, test } from "vitest";
import { testGraph, testHost } from "../testing/host.ts";
import { serve } from "../testing/serve.ts";
import { createKubernetesPart } from "./part.ts";
import { bearer, operator, testCluster } from "./test-cluster.ts";
import { applier, caller } from "./testing.ts";

const open: (() => Promise<void>)[] = [];

const start = async (data = mkdtempSync(join(tmpdir(), "kubernetes-"))) => {
  const host = testHost(data);
  const part = await createKubernetesPart(host, async () => ({ arn: operator }));
  await part.apply?.(testGraph([testCluster("platform"), testCluster("second")]));
  const [service] = part.services ?? [];
  if (service === undefined) throw new Error("the part has no service");
  const server = await serve(service);
  const close = async (): Promise<void> => {
    await part.close?.();
    await server.close();
    host.store.close();
  };
  open.push(close);
  const at = (cluster: string) =>
    caller({ server: `${server.url}/_eks/${cluster}`, headers: { authorization: bearer(cluster) } });
  return {
    data,
    part,
    close: () => open.splice(open.indexOf(close), 1)[0]?.(),
    at,
    call: at("platform"),
    url: server.url,
  };
};

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const namespace = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

const gone = async (call: ReturnType<typeof caller>, path: string): Promise<void> => {
  while ((await call("GET", path)).code !== 404) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe("clusters", () => {
  test("work with the official client", async () => {
    const { url } = await start();
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: "c", server: `${url}/_eks/platform`, skipTLSVerify: true }],
      users: [{ name: "u", token: bearer("platform").slice("Bearer ".length) }],
      contexts: [{ name: "x", cluster: "c", user: "u" }],
      currentContext: "x",
    });
    const objects = KubernetesObjectApi.makeApiClient(config);
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "quota", namespace: "tenant-acme" },
      spec: { hard: { pods: "5" } },
    };
    await objects.create(namespace("tenant-acme"));
    await objects.patch(quota, undefined, undefined, "tenantry", true, PatchStrategy.ServerSideApply);
    const core = config.makeApiClient(CoreV1Api);
    const { items } = await core.listNamespacedResourceQuota({ namespace: "tenant-acme" });
    expect(items.map((one) => [one.metadata?.name, one.spec?.hard])).toEqual([["quota", { pods: "5" }]]);
    await expect(objects.create(namespace("tenant-acme"))).rejects.toMatchObject({ code: 409 });
    await expect(core.readNamespace({ name: "none" })).rejects.toMatchObject({ code: 404 });
    await core.deleteNamespace({ name: "tenant-acme" });
  });

  test("are apart from each other, and only those deployed are there", async () => {
    const { at } = await start();
    await at("platform")("POST", "/api/v1/namespaces", namespace("a"));
    expect((await at("second")("GET", "/api/v1/namespaces/a")).code).toBe(404);
    expect((await at("third")("GET", "/api/v1/namespaces/a")).body.message).toContain("no cluster third");
  });

  test("keep their objects, and go on counting, after a restart", async () => {
    const before = await start();
    const { body } = await before.call("POST", "/api/v1/namespaces", namespace("a"));
    await before.close();
    const after = await start(before.data);
    const { body: kept } = await after.call("GET", "/api/v1/namespaces/a");
    expect(kept).toEqual(body);
    const { body: next } = await after.call("POST", "/api/v1/namespaces", namespace("b"));
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(Number(kept.metadata.resourceVersion));
  });
});

describe("namespaces", () => {
  test("come with a service account and go with everything in them", async () => {
    const { call } = await start();
    await call("POST", "/api/v1/namespaces", namespace("tenant-a"));
    await call("POST", "/api/v1/namespaces", namespace("tenant-ab"));
    const account = "/api/v1/namespaces/tenant-a/serviceaccounts/default";
    expect((await call("GET", account)).code).toBe(200);
    expect((await call("GET", "/api/v1/namespaces/tenant-a")).body.metadata.labels).toEqual({
      "kubernetes.io/metadata.name": "tenant-a",
    });
    await call("DELETE", "/api/v1/namespaces/tenant-a");
    await gone(call, "/api/v1/namespaces/tenant-a");
    expect((await call("GET", account)).code).toBe(404);
    expect((await call("GET", "/api/v1/namespaces/tenant-ab/serviceaccounts/default")).code).toBe(200);
    expect((await call("POST", "/api/v1/namespaces", namespace("tenant-a"))).code).toBe(201);
  });

  test("that were ending when the cloud stopped are gone after it started", async () => {
    const before = await start();
    await before.call("POST", "/api/v1/namespaces", namespace("a"));
    await before.call("DELETE", "/api/v1/namespaces/a");
    await before.close();
    const { call } = await start(before.data);
    expect((await call("GET", "/api/v1/namespaces/a")).code).toBe(404);
  });

  test("of the system stay", async () => {
    const { call } = await start();
    expect((await call("DELETE", "/api/v1/namespaces/kube-system")).code).toBe(403);
  });
});

describe("newer than the server of the contract", () => {
  test("fields that are not known are refused, told or dropped", async () => {
    const { call } = await start();
    const path = "/api/v1/namespaces/default/configmaps";
    const object = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, lables: {} }, dta: {} });
    const strict = await call("POST", `${path}?fieldValidation=Strict`, object("a"));
    expect([strict.code, strict.body.reason]).toEqual([400, "BadRequest"]);
    expect(strict.body.message).toContain(
      'strict decoding error: unknown field "metadata.lables", unknown field "dta"',
    );
    const warned = await call("POST", path, object("b"));
    expect([warned.code, warned.headers["warning"]]).toEqual([
      201,
      '299 - "unknown field \\"metadata.lables\\"", 299 - "unknown field \\"dta\\""',
    ]);
    expect((await call("POST", `${path}?fieldValidation=Ignore`, object("c"))).headers["warning"]).toBeUndefined();
  });

  test("a disruption budget counts from above or from below", async () => {
    const { call } = await start();
    const apply = applier(call);
    const path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/pdb";
    const budget = (spec: object) => ({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "pdb" },
      spec: { selector: { matchLabels: { tenant: "acme" } }, ...spec },
    });
    expect(
      (await apply("one", path, budget({ minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" }))).code,
    ).toBe(201);
    expect((await apply("two", path, budget({ minAvailable: 1, maxUnavailable: 1 }))).code).toBe(422);
  });

  test("a service monitor is kept as it is given, and must say what it selects", async () => {
    const { call } = await start();
    const apply = applier(call);
    const path = "/apis/monitoring.coreos.com/v1/namespaces/default/servicemonitors/m";
    const monitor = (spec: object) => ({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: "m" },
      spec,
    });
    const spec = {
      selector: { matchLabels: { a: "b" } },
      endpoints: [{ port: "metrics", relabelings: [{ action: "drop" }] }],
    };
    expect((await apply("one", path, monitor(spec))).body.spec).toEqual(spec);
    const { code, body } = await call("POST", path.slice(0, -2), {
      ...monitor({ endpoints: [] }),
      metadata: { name: "n" },
    });
    expect(code).toBe(422);
    expect((body.details.causes as { field: string }[]).map(({ field }) => field)).toContain("spec.selector");
  });
});

describe("what is not there", () => {
  test.each([
    ["GET", "/api/v1/namespaces?watch=true", undefined, "watch"],
    ["GET", "/api/v1/namespaces/default/pods/p/log", undefined, "pods/log"],
    ["PATCH", "/api/v1/namespaces/default", "application/json-patch+json", "JSON patch"],
  ])("%s %s says so by name", async (method, path, type, what) => {
    const { call } = await start();
    const { code, body } = await call(
      method,
      path,
      method === "PATCH" ? [] : undefined,
      type === undefined ? {} : { type },
    );
    expect([code, body.reason]).toEqual([501, "NotImplemented"]);
    expect(body.message).toContain(what);
  });
});
