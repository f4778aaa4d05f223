import http from "node:http";
import https from "node:https";
import { TransientError } from "@tenantry/core/provisioning/errors";
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

/** An object as the cluster holds it. */
export type Stored = KubernetesObject & {
  readonly metadata: { readonly uid?: string; readonly deletionTimestamp?: string };
};

export type KubernetesApi = {
  /** The object as it is in the cluster; null when there is none. */
  read(object: KubernetesObject): Promise<Stored | null>;
  /**
   * Server-side apply. The object is sent as it is and every field of it must be known to the server.
   *
   * @throws TransientError when somebody else changed it at the same instant, or its namespace is being deleted.
   */
  apply(object: KubernetesObject, fieldManager: string): Promise<void>;
  /** Deletes the very object that was read, and no other that bears its name since. What is gone is no error. */
  remove(object: Stored): Promise<void>;
  close(): void;
};

/**
 * The Kubernetes API at `endpoint`; `ca` is its certificate authority in PEM, for an endpoint of https. Why it is not
 * the client library: docs/adr/0005-a-kubernetes-client-of-our-own.md.
 */
export const kubernetesApi = (options: {
  readonly endpoint: string;
  readonly ca?: string | undefined;
  readonly token: string;
}): KubernetesApi => {
  const secure = options.endpoint.startsWith("https:");
  const agent = secure ? new https.Agent({ keepAlive: true, ca: options.ca }) : new http.Agent({ keepAlive: true });
  const call = (method: string, path: string, content?: object) => {
    const body = content === undefined ? undefined : JSON.stringify(content);
    return send(secure ? https : http, new URL(options.endpoint.replace(/\/$/, "") + path), {
      method,
      agent,
      timeout: 15_000,
      headers: {
        Authorization: `Bearer ${options.token}`,
        Accept: "application/json",
        ...(body !== undefined && {
          // JSON is YAML.
          "Content-Type": method === "PATCH" ? "application/apply-patch+yaml" : "application/json",
          // Node frames the body of a DELETE only when told its length.
          "Content-Length": Buffer.byteLength(body),
        }),
      },
      body,
    });
  };

  return {
    async read(object) {
      const { status, text } = await call("GET", pathOf(object));
      if (status === 404) return null;
      return okOrThrow(status, text) as Stored;
    },
    async apply(object, fieldManager) {
      const query = new URLSearchParams({ fieldManager, force: "true", fieldValidation: "Strict" });
      const { status, text } = await call("PATCH", `${pathOf(object)}?${query.toString()}`, object);
      try {
        okOrThrow(status, text);
      } catch (error) {
        if (error instanceof KubernetesError && (error.code === 409 || error.message.includes("is being terminated")))
          throw new TransientError(error.message, { cause: error });
        throw error;
      }
    },
    async remove(object) {
      const { status, text } = await call("DELETE", pathOf(object), {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Foreground",
        preconditions: { uid: object.metadata.uid },
      });
      // 409: the name is another object's by now, or the deletion has begun already.
      if (status !== 404 && status !== 409) okOrThrow(status, text);
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
  const said = typeof message === "string" ? message : `The Kubernetes API answered ${status}.`;
  // API servers answer 500 to an apply with a field they do not know. No later try is any better.
  if (status === 500 && said.includes("field not declared in schema")) throw new KubernetesError(422, "Invalid", said);
  throw new KubernetesError(
    status,
    typeof reason === "string" && reason !== "" ? reason : `KubernetesHttp${status}`,
    said,
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
