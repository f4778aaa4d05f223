import { describe, expect, test } from "vitest";
import { tierNames, tiers } from "../tenant/tier.ts";
import { type KubernetesObject, namespaceObjects } from "./namespace-objects.ts";
import { aTenant, ids } from "./testing.ts";

type Policy = {
  podSelector: object;
  policyTypes: string[];
  ingress?: { from?: object[] }[];
  egress?: { to?: object[] }[];
};

const objects = namespaceObjects(aTenant());
const one = (kind: string, name?: string): KubernetesObject => {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (found.length !== 1) throw new Error(`There are ${found.length} of ${kind} ${name ?? ""}.`);
  return found[0]!;
};
const policies = objects.filter(({ kind }) => kind === "NetworkPolicy").map((object) => object["spec"] as Policy);

test("the namespace comes first, and everything else lies in it, labelled as the tenant's", () => {
  expect(objects[0]!.kind).toBe("Namespace");
  expect(objects.slice(1).map(({ metadata }) => metadata.namespace)).toEqual(
    objects.slice(1).map(() => "tenant-acme-corp"),
  );
  for (const { metadata } of objects)
    expect(metadata.labels).toMatchObject({
      tenant: "acme-corp",
      "tenant-id": ids.tenant,
      tier: "premium",
      "app.kubernetes.io/managed-by": "tenantry",
    });
});

test("labels are lawful and names are DNS labels", () => {
  const longest = namespaceObjects(aTenant({ slug: "a".repeat(56) }));
  for (const { metadata } of longest) {
    expect(metadata.name).toMatch(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    for (const value of Object.values(metadata.labels ?? {}))
      expect(value).toMatch(/^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
  }
});

test("pods must be restricted", () => {
  expect(one("Namespace").metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
});

describe("the network", () => {
  test("denies everything, in and out, to every pod", () => {
    const denial = one("NetworkPolicy", "default-deny")["spec"];
    expect(denial).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });

  test("opens no way that is not named", () => {
    const rules = policies.flatMap((policy) => [
      ...(policy.ingress ?? []).map((rule) => rule.from),
      ...(policy.egress ?? []).map((rule) => rule.to),
    ]);
    expect(rules.length).toBeGreaterThan(0);
    // A rule without peers, with no peer, or with an empty namespace selector admits the whole world.
    for (const peers of rules) {
      expect(peers?.length).toBeGreaterThan(0);
      for (const peer of peers ?? []) expect(JSON.stringify(peer)).not.toMatch(/^\{\}$|"namespaceSelector":\{\}/);
    }
    for (const policy of policies) {
      expect(policy.policyTypes.includes("Ingress")).toBe(policy.ingress !== undefined || policy.egress === undefined);
      expect(policy.policyTypes.includes("Egress")).toBe(policy.egress !== undefined || policy.ingress === undefined);
    }
  });
});

test.for(tierNames)("the quota of %s is that of its tier", (tier) => {
  const made = namespaceObjects(aTenant({ tier }));
  const quota = made.find(({ kind }) => kind === "ResourceQuota")!["spec"] as { hard: Record<string, string> };
  const { cpu, memory, pods } = tiers[tier].quota;
  expect(quota.hard).toMatchObject({ "limits.cpu": cpu, "limits.memory": memory, pods: String(pods) });
});

test("viewers can read, and no Secret", () => {
  const rules = one("Role")["rules"] as { resources: string[]; verbs: string[] }[];
  expect(new Set(rules.flatMap((rule) => rule.verbs))).toEqual(new Set(["get", "list", "watch"]));
  const resources = rules.flatMap((rule) => rule.resources);
  expect(resources).not.toContain("secrets");
  expect(resources.filter((resource) => resource.includes("*"))).toEqual([]);
});

test("stand as reviewed", async () => {
  await expect(JSON.stringify(objects, null, 2)).toMatchFileSnapshot("./__snapshots__/namespace-objects.json");
});
