import http from "node:http";
import { KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import type { KubernetesObject } from "@tenantry/core/provisioning/namespace-objects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubernetesApi } from "./kubernetes-api.ts";

/** Why the product sends its objects itself: docs/adr/0005-a-kubernetes-client-of-our-own.md. */
const policy = (rule: object): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "allow-monitoring", namespace: "tenant-acme" },
  spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [rule] },
});
const peers = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];

let server: http.Server;
let sent: unknown;
let endpoint: string;
beforeAll(async () => {
  const kinds = {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: "networking.k8s.io/v1",
    resources: [
      { name: "networkpolicies", singularName: "", namespaced: true, kind: "NetworkPolicy", verbs: ["patch"] },
    ],
  };
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      if (request.method === "PATCH") sent = JSON.parse(text);
      response.setHeader("content-type", "application/json");
      response.end(request.method === "PATCH" ? text : JSON.stringify(kinds));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const applyByLibrary = async (object: KubernetesObject): Promise<unknown> => {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "c", server: endpoint, skipTLSVerify: true }],
    users: [{ name: "u", token: "t" }],
    contexts: [{ name: "x", cluster: "c", user: "u" }],
    currentContext: "x",
  });
  const api = KubernetesObjectApi.makeApiClient(config);
  await api.patch(structuredClone(object) as never, undefined, undefined, "m", true, PatchStrategy.ServerSideApply);
  return sent;
};

test("the library turns a rule for one namespace into a rule for the world", async () => {
  expect(await applyByLibrary(policy({ from: peers }))).toEqual(policy({}));
});

test("the library knows the field by a name of its own, and then sends it rightly", async () => {
  expect(await applyByLibrary(policy({ _from: peers }))).toEqual(policy({ from: peers }));
});

test("the library drops a misspelt field, so that no server can refuse it", async () => {
  expect(await applyByLibrary(policy({ _from: peers, prots: [] }))).toEqual(policy({ from: peers }));
});

test.for([{ from: peers }, { from: peers, prots: [] }])("the product sends what it holds: %j", async (rule) => {
  const api = kubernetesApi({ endpoint, token: "t" });
  await api.apply(policy(rule), "m");
  api.close();
  expect(sent).toEqual(policy(rule));
});
