import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import type { Graph, GraphResource } from "../deploy/graph.ts";
import type { Host, Invocation } from "../part.ts";
import { openStore } from "../store.ts";

/** A cloud of its own for a contract test: a scratch folder, a store, and whatever `invoke` the test sets. */
export type TestHost = Host & {
  invoke: (functionName: string, payload: unknown) => Promise<Invocation>;
  endpoint: string;
  readonly lines: string[];
  dispose(): Promise<void>;
};

export const createTestHost = async (): Promise<TestHost> => {
  const data = await mkdtemp(join(tmpdir(), "local-cloud-"));
  const store = openStore(join(data, "store.sqlite"));
  const lines: string[] = [];
  let issued = 0;
  return {
    data,
    region: "us-east-1",
    account: "123456789012",
    endpoint: "http://127.0.0.1:1",
    apiUrl: "http://127.0.0.1:2",
    postgres: { host: "127.0.0.1", port: 5432 },
    store,
    seed: "00".repeat(32),
    lines,
    log: (line) => void lines.push(line),
    credentials(role, session) {
      issued += 1;
      return { accessKeyId: `ASIA${issued}`, secretAccessKey: `${role}/${session}`, sessionToken: "token" };
    },
    invoke: () => Promise.reject(new Error("This test runs no functions.")),
    call: () => Promise.reject(new Error("This test calls no services.")),
    async dispose() {
      store.close();
      await rm(data, { recursive: true, force: true });
    },
  };
};

/** One resource as a deployment registers it. */
export const resource = (
  type: string,
  name: string,
  inputs: Record<string, unknown>,
  outputs: Record<string, unknown> = {},
  id = name,
): GraphResource => ({
  type,
  name,
  urn: `urn:pulumi:test::test::${type}::${name}`,
  id,
  custom: true,
  inputs,
  outputs: { ...inputs, ...outputs },
  dependsOn: [],
  options: { ignoreChanges: [] },
  secrets: [],
});

export const graphOf = (assets: string, resources: readonly GraphResource[]): Graph => ({
  project: "test",
  stage: "test",
  region: "us-east-1",
  account: "123456789012",
  outputs: {},
  resources,
  assets,
});

export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;

let zips = 0;

/** A function whose module is `source`, with its zip written to `folder`. */
export const functionResources = async (
  folder: string,
  name: string,
  source: string,
  inputs: Record<string, unknown> = {},
): Promise<GraphResource[]> => {
  zips += 1;
  const asset = join(folder, `${name}-${zips}.zip`);
  await writeFile(asset, zipSync({ "bundle.mjs": strToU8(source) }));
  const key = `assets/${name}.zip`;
  return [
    resource("aws:s3/bucketObjectv2:BucketObjectv2", `${name}Code`, { bucket: "assets", key, source: { asset } }),
    resource(
      "aws:lambda/function:Function",
      `${name}Function`,
      {
        name,
        s3Bucket: "assets",
        s3Key: key,
        handler: "bundle.handler",
        role: `arn:aws:iam::123456789012:role/${name}Role`,
        memorySize: 128,
        timeout: 3,
        environment: { variables: { TABLE: "control" } },
        ...inputs,
      },
      { arn: functionArn(name) },
    ),
  ];
};
