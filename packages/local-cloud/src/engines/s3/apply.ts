import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Asset, type Graph, ofType } from "../../deploy/graph.ts";
import type { AwsResponse } from "../../gateway/service.ts";
import type { Inject } from "../fauxqs.ts";

const objectTypes = ["aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject"] as const;

/** Bucket settings without effect on one machine: who signs nothing gets nothing, and nothing is encrypted, logged or locked. */
const settings = [
  "bucketAcl:BucketAcl",
  "bucketCorsConfiguration:BucketCorsConfiguration",
  "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  "bucketLoggingV2:BucketLoggingV2",
  "bucketObjectLockConfiguration:BucketObjectLockConfiguration",
  "bucketOwnershipControls:BucketOwnershipControls",
  "bucketPublicAccessBlock:BucketPublicAccessBlock",
  "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "bucketVersioning:BucketVersioning",
].map((type) => `aws:s3/${type}`);

const bucketTypes = ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"] as const;

const policyType = "aws:s3/bucketPolicy:BucketPolicy";

export const s3Types: readonly string[] = [...bucketTypes, ...objectTypes, policyType, ...settings];

/** The policies of the graph's buckets, by the bucket's name: calls are judged by them too. */
export const bucketPolicies = (graph: Graph): ReadonlyMap<string, object> =>
  new Map(
    ofType(graph, policyType).map(({ inputs }) => {
      const policy: unknown = inputs["policy"];
      return [String(inputs["bucket"]), (typeof policy === "string" ? JSON.parse(policy) : policy) as object];
    }),
  );

/** Makes the graph's buckets and objects real. What is in a bucket already stays. */
export const applyBuckets = async (graph: Graph, inject: Inject): Promise<void> => {
  const send = async (method: string, url: string, body = Buffer.alloc(0), type?: string): Promise<AwsResponse> =>
    inject({ method, url, headers: type === undefined ? {} : { "content-type": type }, body });
  const demand = ({ status, body }: AwsResponse, what: string): void => {
    if (status >= 300) throw new Error(`${what}: ${status} ${Buffer.from(body as Uint8Array).toString("utf8")}`);
  };
  const buckets = new Set<string>();
  for (const { id, outputs } of bucketTypes.flatMap((type) => ofType(graph, type))) {
    const name = String(outputs["bucket"] ?? id);
    buckets.add(name);
    if ((await send("HEAD", `/${name}`)).status !== 200) demand(await send("PUT", `/${name}`), `The bucket ${name}`);
  }
  for (const { inputs } of objectTypes.flatMap((type) => ofType(graph, type))) {
    // Zips and source maps go to a bucket of sst's own; functions are read from the zips where they lie.
    if (!buckets.has(String(inputs["bucket"]))) continue;
    const source = inputs["source"] as Asset | undefined;
    const body =
      source !== undefined
        ? await readFile(path.resolve(graph.assets, source.asset))
        : Buffer.from(String(inputs["content"] ?? ""), "utf8");
    const key = String(inputs["key"]).split("/").map(encodeURIComponent).join("/");
    const type = typeof inputs["contentType"] === "string" ? inputs["contentType"] : undefined;
    demand(await send("PUT", `/${inputs["bucket"]}/${key}`, body, type), `The object ${key}`);
  }
};
