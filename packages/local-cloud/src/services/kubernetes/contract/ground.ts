import { applier, type Call, type Reply, unique } from "../testing.ts";

/** What each part of the contract stands on: a namespace of its own on the server under test. */
export type Ground = {
  readonly call: Call;
  readonly apply: ReturnType<typeof applier>;
  readonly space: string;
  /** The path of the namespace's config maps, or of one of them. */
  readonly maps: (name?: string) => string;
};

export const ground = (connect: () => { call: Call }): Ground & { open(): Promise<Reply> } => {
  const call: Call = (...request) => connect().call(...request);
  const space = unique("contract");
  return {
    call,
    apply: applier(call),
    space,
    maps: (name = "") => `/api/v1/namespaces/${space}/configmaps${name === "" ? "" : `/${name}`}`,
    open: () => call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: space } }),
  };
};

export const configMap = (name: string, data: Record<string, string>, labels?: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...(labels && { labels }) },
  data,
});

/** Which fields a manager of an object owns. */
export const owned = ({ body }: Reply, manager: string): unknown =>
  (body.metadata.managedFields as { manager: string; fieldsV1: unknown }[]).find((one) => one.manager === manager)
    ?.fieldsV1;
