import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import type { graphOf } from "../gateway/testing.ts";

/** A resource of a test's graph. */
export type TestResource = Parameters<typeof graphOf>[number];

export const resource = (type: string, name: string, inputs: Record<string, unknown>): TestResource => ({
  type,
  name,
  inputs,
});

export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;

let zips = 0;

/** A function whose module is `source`, with its zip written to `folder`. */
export const functionResources = async (
  folder: string,
  name: string,
  source: string,
  inputs: Record<string, unknown> = {},
): Promise<TestResource[]> => {
  zips += 1;
  const asset = join(folder, `${name}-${zips}.zip`);
  await writeFile(asset, zipSync({ "bundle.mjs": strToU8(source) }));
  const s3Key = `assets/${name}.zip`;
  return [
    resource("aws:s3/bucketObjectv2:BucketObjectv2", `${name}Code`, {
      bucket: "assets",
      key: s3Key,
      source: { asset },
    }),
    {
      type: "aws:lambda/function:Function",
      name: `${name}Function`,
      inputs: {
        name,
        s3Bucket: "assets",
        s3Key,
        handler: "bundle.handler",
        role: `arn:aws:iam::123456789012:role/${name}Role`,
        memorySize: 128,
        timeout: 3,
        environment: { variables: { TABLE: "control" } },
        ...inputs,
      },
      outputs: { arn: functionArn(name) },
    },
  ];
};
