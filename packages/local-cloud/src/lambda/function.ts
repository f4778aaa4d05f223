import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Graph, type GraphResource, ofType, zipOf } from "../deploy/graph.ts";

/** A deployed function, read from the graph. */
export type LambdaFunction = {
  readonly name: string;
  readonly arn: string;
  readonly handler: string;
  readonly role: string;
  readonly memory: number;
  /** Seconds. */
  readonly timeout: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly zip: string;
  /** Of the zip's bytes. */
  readonly hash: string;
  readonly sourceMaps: readonly string[];
  /** Of everything above: another value is another deployment. */
  readonly revision: string;
  /** Further attempts of an asynchronous invocation. */
  readonly asyncRetries: number;
};

const sha256 = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");

/** sst uploads each bundle's source maps beside the code, under `sourcemap/<log group>/<hash of the code>.<file>`. */
const sourceMapsOf = (graph: Graph, s3Key: string): string[] => {
  const hash = /-([0-9a-f]{64})\.zip$/.exec(s3Key)?.[1];
  if (hash === undefined) return [];
  return ofType(graph, "aws:s3/bucketObjectv2:BucketObjectv2")
    .filter(
      ({ inputs }) => String(inputs["key"]).startsWith("sourcemap/") && String(inputs["key"]).includes(`/${hash}.`),
    )
    .map(({ inputs }) => String(inputs["source"]?.asset ?? ""))
    .filter((file) => file !== "");
};

const asyncRetriesOf = (graph: Graph, name: string): number => {
  const config = ofType(graph, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").find(
    ({ inputs }) => functionName(String(inputs["functionName"])) === name,
  );
  return Number(config?.inputs["maximumRetryAttempts"] ?? 2);
};

/** `arn:aws:lambda:…:function:name:alias`, `account:function:name` or `name` → `name`. */
export const functionName = (nameOrArn: string): string => {
  const match = /(?:^|:)function:([^:/]+)/.exec(nameOrArn);
  return match?.[1] ?? nameOrArn.split(":")[0] ?? nameOrArn;
};

const readFunction = async (graph: Graph, resource: GraphResource): Promise<LambdaFunction> => {
  const { inputs, outputs } = resource;
  if (inputs["packageType"] === "Image")
    throw new Error(`The function ${resource.name} is an image: only zips run here.`);
  const name = String(outputs["name"] ?? inputs["name"] ?? resource.id);
  const zip = zipOf(graph, resource);
  const definition = {
    name,
    arn: String(outputs["arn"]),
    handler: String(inputs["handler"]),
    role: String(inputs["role"]),
    memory: Number(inputs["memorySize"] ?? 128),
    timeout: Number(inputs["timeout"] ?? 3),
    variables: { ...inputs["environment"]?.variables } as Record<string, string>,
    logGroup: String(inputs["loggingConfig"]?.logGroup ?? `/aws/lambda/${name}`),
    zip,
    hash: sha256(await readFile(zip)),
    asyncRetries: asyncRetriesOf(graph, name),
  };
  const sourceMaps = sourceMapsOf(graph, basename(String(inputs["s3Key"])));
  return { ...definition, sourceMaps, revision: sha256(JSON.stringify({ ...definition, zip: "" })) };
};

/** Every function of a deployment. @throws Error that names a function whose code is missing. */
export const readFunctions = (graph: Graph): Promise<LambdaFunction[]> =>
  Promise.all(ofType(graph, "aws:lambda/function:Function").map((resource) => readFunction(graph, resource)));
