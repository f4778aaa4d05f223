import https from "node:https";
import { namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubernetesApi } from "./kubernetes-api.ts";
import { eksCluster } from "./namespace.ts";
import { startKubernetes } from "./testing/kubernetes.ts";

const assets = process.env["KUBEBUILDER_ASSETS"];

describe.skipIf(assets === undefined)("against a real API server (needs KUBEBUILDER_ASSETS)", () => {
  let server: Awaited<ReturnType<typeof startKubernetes>>;
  beforeAll(async () => {
    server = await startKubernetes(assets!);
  });
  afterAll(() => server.stop());

  const tenant = aTenant();
  // The server of the tests is of 1.20, which has policy/v1beta1 only.
  const objects = namespaceObjects(tenant).filter(({ kind }) => kind !== "PodDisruptionBudget");
  const ifServed = ["ServiceMonitor"];
  const operationId = "op_01JD00000000000000000000AA";
  const ask = { tenantId: tenant.id, slug: tenant.slug, operationId, objects, ifServed };
  const cluster = () =>
    eksCluster({
      name: "real",
      endpoint: server.endpoint,
      ca: Buffer.from(server.ca).toString("base64"),
      token: async () => server.token,
      patienceMs: 300,
    });
  const connect = () => kubernetesApi({ endpoint: server.endpoint, ca: server.ca, token: server.token });

  test("every object stands as it was sent, and a second time changes nothing", async () => {
    const made = await cluster().ensure(ask);
    expect(made.objects).toEqual(objects.slice(0, -1).map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    const api = connect();
    const versions = () =>
      Promise.all(objects.slice(0, -1).map(async (object) => (await api.read(object))?.metadata as unknown));
    for (const object of objects.slice(0, -1)) expect(await api.read(object)).toMatchObject(object);
    const before = await versions();
    await cluster().ensure(ask);
    expect(await versions()).toEqual(before);
    api.close();
  });

  test("another tenant's namespace is left alone", async () => {
    const theirs = cluster().ensure({ ...ask, tenantId: "ten_other" });
    await expect(theirs).rejects.toMatchObject({ name: "NameTaken" });
  });

  test("a misspelt field is refused for good, although the server calls it trouble of its own", async () => {
    const api = connect();
    await cluster().ensure(ask);
    const wrong = { ...objects.find(({ kind }) => kind === "NetworkPolicy")!, spec: { podSelector: {}, ingres: [] } };
    const applied = api.apply(wrong, "tenantry");
    await expect(applied).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/ingres: field not declared/),
    });
    api.close();
  });

  test("a release is done when the namespace is gone, and leaves another tenant's alone", async () => {
    const api = connect();
    const [namespace] = objects;
    await cluster().ensure(ask);
    await cluster().release({ ...tenant, id: "ten_other" }, operationId);
    expect((await api.read(namespace!))?.metadata.deletionTimestamp).toBeUndefined();
    await expect(cluster().release(tenant, operationId)).rejects.toMatchObject({ name: "TransientError" });
    await expect(cluster().release(tenant, operationId)).rejects.toMatchObject({ name: "TransientError" });
    await expect(cluster().ensure(ask)).rejects.toMatchObject({ name: "TransientError" });
    await finalize(server, namespace!.metadata.name);
    await cluster().release(tenant, operationId);
    expect(await api.read(namespace!)).toBeNull();
    api.close();
  });

  test("a server that nobody vouches for is not talked to", async () => {
    const blind = eksCluster({ name: "real", endpoint: server.endpoint, ca: undefined, token: async () => "token" });
    await expect(blind.ensure(ask)).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
    });
  });
});

/** What the namespace controller does once a namespace is empty; the server of the tests runs without controllers. */
const finalize = (server: { endpoint: string; ca: string; token: string }, name: string) =>
  new Promise<void>((resolve, reject) => {
    const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: { finalizers: [] } });
    const headers = { Authorization: `Bearer ${server.token}`, "Content-Type": "application/json" };
    https
      .request(`${server.endpoint}/api/v1/namespaces/${name}/finalize`, { method: "PUT", ca: server.ca, headers })
      .on("response", (response) => response.resume().on("end", resolve))
      .on("error", reject)
      .end(body);
  });
