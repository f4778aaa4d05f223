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
  const cluster = (ca = server.ca) =>
    eksCluster({
      name: "real",
      endpoint: server.endpoint,
      ca: Buffer.from(ca).toString("base64"),
      token: async () => server.token,
    });

  test("every object stands as it was sent, and a second time changes nothing", async () => {
    const made = await cluster().ensure({ tenantId: tenant.id, objects, ifServed });
    expect(made).toEqual(objects.slice(0, -1).map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    const api = kubernetesApi({ endpoint: server.endpoint, ca: server.ca, token: server.token });
    const versions = () =>
      Promise.all(objects.slice(0, -1).map(async (object) => (await api.read(object))?.metadata as unknown));
    for (const object of objects.slice(0, -1)) expect(await api.read(object)).toMatchObject(object);
    const before = await versions();
    await cluster().ensure({ tenantId: tenant.id, objects, ifServed });
    expect(await versions()).toEqual(before);
    api.close();
  });

  test("another tenant's namespace is left alone", async () => {
    const theirs = cluster().ensure({ tenantId: "ten_other", objects, ifServed });
    await expect(theirs).rejects.toMatchObject({ name: "NameTaken" });
  });

  test("a misspelt field is refused", async () => {
    const wrong = { ...objects.find(({ kind }) => kind === "NetworkPolicy")!, spec: { podSelector: {}, ingres: [] } };
    const made = cluster().ensure({ tenantId: tenant.id, objects: [objects[0]!, wrong], ifServed });
    await expect(made).rejects.toThrow(/ingres: field not declared/);
  });

  test("a server that nobody vouches for is not talked to", async () => {
    const blind = eksCluster({ name: "real", endpoint: server.endpoint, ca: undefined, token: async () => "token" });
    await expect(blind.ensure({ tenantId: tenant.id, objects, ifServed })).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
    });
  });
});
