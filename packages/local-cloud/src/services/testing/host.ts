import type { Graph, GraphResource } from "../../deploy/graph.ts";
import type { Host, Invocation } from "../../part.ts";
import { openStore } from "../../store.ts";
import { createWrites } from "../../writes.ts";

/** A host for tests of one part: a store of its own, and functions and calls that the test answers. */
export const testHost = (
  data: string,
  options: {
    invoke?: (functionName: string, payload: unknown) => Promise<Invocation>;
    call?: (service: string, action: string, input: unknown) => Promise<unknown>;
    endpoint?: string;
  } = {},
): Host => ({
  data,
  region: "us-east-1",
  account: "123456789012",
  endpoint: options.endpoint ?? "http://127.0.0.1:1",
  apiUrl: "http://127.0.0.1:2",
  postgres: { host: "127.0.0.1", port: 5432 },
  store: openStore(`${data}/store.sqlite`),
  writes: createWrites(),
  seed: "00".repeat(32),
  log: () => undefined,
  credentials: () => ({ accessKeyId: "test", secretAccessKey: "test", sessionToken: "test" }),
  invoke: options.invoke ?? (async () => ({ payload: null })),
  call: options.call ?? (async () => ({})),
});

/** A graph of resources that have nothing but a type and outputs. */
export const testGraph = (
  resources: readonly (Pick<GraphResource, "type" | "name"> & { outputs: Record<string, unknown> })[],
): Graph => ({
  project: "tenantry",
  stage: "test",
  region: "us-east-1",
  account: "123456789012",
  outputs: {},
  assets: "/nonexistent",
  resources: resources.map((resource) => ({
    ...resource,
    urn: `urn:pulumi:test::tenantry::${resource.type}::${resource.name}`,
    id: resource.name,
    custom: true,
    inputs: resource.outputs,
    dependsOn: [],
    options: { ignoreChanges: [] },
    secrets: [],
  })),
});
