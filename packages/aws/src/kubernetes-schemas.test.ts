import { type KubernetesObject, namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { tierNames } from "@tenantry/core/tenant/tier";
import { expect, test } from "vitest";
import { assertKnownToKubernetes } from "./kubernetes-schemas.ts";
import { kubernetesSchema } from "./testing/kubernetes-models.ts";

test("the schemas are those of the Kubernetes client's models", async () => {
  await expect(`${JSON.stringify(kubernetesSchema(), null, 1)}\n`).toMatchFileSnapshot("./kubernetes-schemas.json");
});

test.for(tierNames)("the objects of a %s tenant are lawful", (tier) => {
  expect(() => assertKnownToKubernetes(namespaceObjects(aTenant({ tier })))).not.toThrow();
});

const policy = (spec: object): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "x" },
  spec,
});

test.for([
  ["a misspelt field", policy({ podSelector: {}, ingres: [] }), "NetworkPolicy/x/spec: unknown field ingres"],
  [
    "a field misspelt deep within",
    policy({ podSelector: {}, ingress: [{ from: [{ podSelectr: {} }] }] }),
    "NetworkPolicy/x/spec/ingress/0/from/0: unknown field podSelectr",
  ],
  [
    "the client library's own name of a field",
    policy({ podSelector: {}, ingress: [{ _from: [] }] }),
    "NetworkPolicy/x/spec/ingress/0: unknown field _from",
  ],
  [
    "a wrong type",
    policy({ podSelector: {}, policyTypes: "Ingress" }),
    "NetworkPolicy/x/spec/policyTypes: must be array",
  ],
  [
    "a field of another kind",
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "x" }, spec: {} },
    "ServiceAccount/x: unknown field spec",
  ],
] as const)("%s is refused", ([, object, reason]) => {
  expect(() => assertKnownToKubernetes([object])).toThrow(
    expect.objectContaining({ name: "ManifestInvalid", message: reason }),
  );
});
