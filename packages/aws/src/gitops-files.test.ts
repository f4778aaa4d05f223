import { namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { platformFiles, valuesFile } from "./gitops-files.ts";

const readers = [
  { version: "1.1", schema: "yaml-1.1" },
  { version: "1.2", schema: "core" },
] as const;

const slugs = ["no", "on", "y", "null", "true", "1e3", "0x10", "0o14", "017", "12-30", "2026-11-21", "acme"];

describe.each(readers)("to a reader of YAML $version", (reader) => {
  test.for(slugs)("the values of %s are the very objects", (slug) => {
    const tenant = aTenant({ slug });
    const objects = namespaceObjects(tenant);
    const values = { tenantId: tenant.id, slug, operationId: "op_1", objects, ifServed: ["ServiceMonitor"] };
    expect(parse(valuesFile(values), reader)).toEqual({
      tenant: { id: tenant.id, slug },
      ifServed: ["ServiceMonitor"],
      objects,
    });
  });

  test("the ApplicationSet follows the branch, whatever its name", () => {
    const files = platformFiles({ url: "https://git.example.com/platform/tenants.git", branch: "on" });
    expect(parse(files["applicationset.yaml"], reader)).toMatchObject({
      spec: { template: { spec: { source: { targetRevision: "on" } } } },
    });
  });
});

test("the chart does nothing with an object but write it, where the cluster knows its kind", () => {
  const template = platformFiles({ url: "https://git.example.com/t.git", branch: "main" })[
    "charts/tenant/templates/objects.yaml"
  ];
  expect(template.match(/\{\{-? (?:range|if|toYaml)[^}]*\}\}/g)).toEqual([
    "{{- range .Values.objects }}",
    '{{- if or (not (has .kind $.Values.ifServed)) ($.Capabilities.APIVersions.Has (printf "%s/%s" .apiVersion .kind)) }}',
    "{{ toYaml . }}",
  ]);
  expect(template.replaceAll(/\{\{.*?\}\}/g, "").replaceAll(/\s/g, "")).toBe("---");
});
