import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { postgresAddress } from "../engines/postgres/address.ts";
import type { Graph, GraphResource } from "../deploy/graph.ts";
import type { Host, Part, PartFactory } from "../part.ts";
import { openStore } from "../store.ts";
import { createWrites } from "../writes.ts";
import { createGateway, type Gateway } from "./server.ts";

/** A gateway with some parts behind it, for their tests. */
export type TestCloud = {
  readonly host: Host;
  readonly gateway: Gateway;
  readonly lines: string[];
  readonly parts: readonly Part[];
  /** What an SDK client is built with; the operator's keys unless a role is named. */
  client(role?: string): ClientOptions;
  apply(graph: Graph): Promise<void>;
  close(options?: { keep: boolean }): Promise<void>;
};

export type ClientOptions = {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly maxAttempts: number;
};

export const startTestCloud = async (
  factories: readonly PartFactory[],
  data?: string,
  /** What stands for the graph's functions. */
  invoke: Host["invoke"] = (name) => Promise.reject(new Error(`There is no function ${name} in this test.`)),
): Promise<TestCloud> => {
  const folder = data ?? (await mkdtemp(path.join(tmpdir(), "tenantry-cloud-")));
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const gateway = await createGateway({ port: 0, log });
  const store = openStore(path.join(folder, "store.sqlite"));
  const host: Host = {
    data: folder,
    region: "us-east-1",
    account: "123456789012",
    endpoint: gateway.endpoint,
    apiUrl: "http://127.0.0.1:1",
    postgres: await postgresAddress(folder),
    store,
    writes: createWrites(),
    seed: "0".repeat(64),
    log,
    credentials: (role, session) => gateway.credentials(role, session),
    invoke,
    call: (service, action, input) => gateway.call(service, action, input),
  };
  const parts: Part[] = [];
  for (const factory of factories) parts.push(await factory(host));
  gateway.setServices(parts.flatMap((part) => part.services ?? []));
  return {
    host,
    gateway,
    lines,
    parts,
    client: (role) => ({
      endpoint: gateway.endpoint,
      region: host.region,
      credentials:
        role === undefined ? { accessKeyId: "test", secretAccessKey: "test" } : gateway.credentials(role, "worker"),
      maxAttempts: 1,
    }),
    async apply(graph) {
      gateway.setGraph(graph);
      for (const part of parts) await part.apply?.(graph);
    },
    async close({ keep } = { keep: false }) {
      for (const part of parts.toReversed()) await part.close?.();
      await gateway.close();
      store.close();
      if (!keep) await rm(folder, { recursive: true, force: true });
    },
  };
};

/** A graph of these resources; `outputs` are added to the inputs. */
export const graphOf = (
  ...resources: {
    type: string;
    name: string;
    id?: string;
    inputs: Record<string, unknown>;
    outputs?: Record<string, unknown>;
  }[]
): Graph => ({
  project: "tenantry",
  stage: "test",
  region: "us-east-1",
  account: "123456789012",
  outputs: {},
  assets: "/nowhere",
  resources: resources.map(({ type, name, id = name, inputs, outputs = {} }): GraphResource => ({
    type,
    name,
    id,
    urn: `urn:pulumi:test::tenantry::${type}::${name}`,
    custom: true,
    inputs,
    outputs: { ...inputs, ...outputs },
    dependsOn: [],
    options: { ignoreChanges: [] },
    secrets: [],
  })),
});

/** A role that Lambda may assume, with one inline policy. */
export const roleOf = (
  name: string,
  statements: readonly object[],
  trust: object = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
  inputs: object = {},
): Parameters<typeof graphOf>[0] => ({
  type: "aws:iam/role:Role",
  name,
  inputs: {
    assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
    inlinePolicies: [{ name: "inline", policy: JSON.stringify({ Version: "2012-10-17", Statement: statements }) }],
    ...inputs,
  },
  outputs: { name, arn: `arn:aws:iam::123456789012:role/${name}` },
});
