import { stringify as yaml } from "yaml";
import type { NamespaceRequest } from "@tenantry/core/provisioning/ports";

/** Where a tenant's objects lie in the repository. */
export const valuesPath = (slug: string): string => `tenants/${slug}/values.yaml`;

/**
 * Every text is quoted. Helm and Argo CD read YAML 1.1 in part, to which the slug `no` is a boolean and `017` a number.
 */
const stringify = (value: object): string =>
  yaml(value, {
    aliasDuplicateObjects: false,
    lineWidth: 0,
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
  });

/** The very objects that the direct driver sends, as values of the chart. */
export const valuesFile = ({ tenantId, slug, objects, ifServed }: NamespaceRequest): string =>
  stringify({ tenant: { id: tenantId, slug }, ifServed, objects });

/** What makes tenants' files objects of the cluster: an ApplicationSet with one Application for each, and its chart. */
export const platformFiles = (repository: { readonly url: string; readonly branch: string }) => ({
  "applicationset.yaml": stringify(applicationSet(repository)),
  "charts/tenant/Chart.yaml": stringify({
    apiVersion: "v2",
    name: "tenant",
    version: "1.0.0",
    description: "The namespace of one tenant, object by object as its values have it",
  }),
  "charts/tenant/templates/objects.yaml": template,
});

const template = `{{- range .Values.objects }}
{{- if or (not (has .kind $.Values.ifServed)) ($.Capabilities.APIVersions.Has (printf "%s/%s" .apiVersion .kind)) }}
---
{{ toYaml . }}
{{- end }}
{{- end }}
`;

const applicationSet = ({ url, branch }: { readonly url: string; readonly branch: string }) => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "ApplicationSet",
  metadata: { name: "tenants", namespace: "argocd" },
  spec: {
    goTemplate: true,
    goTemplateOptions: ["missingkey=error"],
    generators: [{ git: { repoURL: url, revision: branch, files: [{ path: valuesPath("*") }] } }],
    template: {
      metadata: {
        name: "tenant-{{ .tenant.slug }}",
        labels: { tenant: "{{ .tenant.slug }}", "tenant-id": "{{ .tenant.id }}" },
        // Without it an Application that goes leaves its objects in the cluster.
        finalizers: ["resources-finalizer.argocd.argoproj.io"],
      },
      spec: {
        project: "default",
        source: {
          repoURL: url,
          targetRevision: branch,
          path: "charts/tenant",
          // A path with a slash in front begins at the repository's root.
          helm: { valueFiles: ["/{{ .path.path }}/values.yaml"] },
        },
        destination: { server: "https://kubernetes.default.svc", namespace: "tenant-{{ .tenant.slug }}" },
        syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ["ServerSideApply=true"] },
      },
    },
  },
});
