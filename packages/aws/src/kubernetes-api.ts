import http from "node:http";
import https from "node:https";
import type { KubernetesObject } from "@tenantry/core/provisioning/namespace-objects";

/** A refusal of the Kubernetes API. `name` is its reason, such as `Forbidden`; `code` the HTTP status. */
export class KubernetesError extends Error {
  readonly code: number;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.name = reason;
    this.code = code;
  }
}

/** Kinds this client knows: the plural in their address, and whether they lie in a namespace. */
const kinds: Readonly<Record<string, { readonly plural: string; readonly namespaced: boolean }>> = {
  Namespace: { plural: "namespaces", namespaced: false },
  ResourceQuota: { plural: "resourcequotas", namespaced: true },
  LimitRange: { plural: "limitranges", namespaced: true },
  NetworkPolicy: { plural: "networkpolicies", namespaced: true },
  ServiceAccount: { plural: "serviceaccounts", namespaced: true },
  Role: { plural: "roles", namespaced: true },
  RoleBinding: { plural: "rolebindings", namespaced: true },
  PodDisruptionBudget: { plural: "poddisruptionbudgets", namespaced: true },
  ServiceMonitor: { plural: "servicemonitors", namespaced: true },
};

export type KubernetesApi = {
  /** The object as it is in the cluster; null when there is none. */
  read(object: KubernetesObject): Promise<KubernetesObject | null>;
  /**
   * Server-side apply. The object is sent as it is and every field of it must be known to the server: the generated
   * models of a client library would drop a field they do not know, and a policy without its `from` admits everybody.
   */
  apply(object: KubernetesObject, fieldManager: string): Promise<void>;
  close(): void;
};

/** The Kubernetes API at `endpoint`; `ca` is its certificate authority in PEM, for an endpoint of https. */
export const kubernetesApi = (options: {
  readonly endpoint: string;
  readonly ca?: string | undefined;
  readonly token: string;
}): KubernetesApi => {
  const secure = options.endpoint.startsWith("https:");
  const agent = secure ? new https.Agent({ keepAlive: true, ca: options.ca }) : new http.Agent({ keepAlive: true });
  const call = (method: string, path: string, body?: KubernetesObject) =>
    send(secure ? https : http, new URL(options.endpoint.replace(/\/$/, "") + path), {
      method,
      agent,
      timeout: 15_000,
      headers: {
        Authorization: `Bearer ${options.token}`,
        Accept: "application/json",
        // JSON is YAML.
        ...(body !== undefined && { "Content-Type": "application/apply-patch+yaml" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });

  return {
    async read(object) {
      const { status, text } = await call("GET", pathOf(object));
      if (status === 404) return null;
      return okOrThrow(status, text) as KubernetesObject;
    },
    async apply(object, fieldManager) {
      const query = new URLSearchParams({ fieldManager, force: "true", fieldValidation: "Strict" });
      const { status, text } = await call("PATCH", `${pathOf(object)}?${query.toString()}`, object);
      okOrThrow(status, text);
    },
    close: () => agent.destroy(),
  };
};

const pathOf = ({ apiVersion, kind, metadata }: KubernetesObject): string => {
  const known = kinds[kind];
  if (known === undefined) throw new Error(`There is no address for the Kubernetes kind ${kind}.`);
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = known.namespaced ? `/namespaces/${encodeURIComponent(metadata.namespace ?? "default")}` : "";
  return `${root}${within}/${known.plural}/${encodeURIComponent(metadata.name)}`;
};

const okOrThrow = (status: number, text: string): unknown => {
  const body = parse(text);
  if (status >= 200 && status < 300) return body;
  const { reason, message } = (body ?? {}) as { reason?: unknown; message?: unknown };
  throw new KubernetesError(
    status,
    typeof reason === "string" && reason !== "" ? reason : `KubernetesHttp${status}`,
    typeof message === "string" ? message : `The Kubernetes API answered ${status}.`,
  );
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

type Outgoing = http.RequestOptions & { readonly body: string | undefined };

const send = (transport: typeof http | typeof https, url: URL, { body, ...options }: Outgoing) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = transport.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error("The Kubernetes API did not answer in time."), { code: "ETIMEDOUT" })),
    );
    request.on("error", reject);
    request.end(body);
  });
