import { XMLParser } from "fast-xml-parser";
import type { AwsRequest, Permission } from "../../gateway/service.ts";
import { targetOf } from "./actions.ts";

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === "Object" });

/** What a DeleteObjects call names. */
export const deletedObjects = (request: AwsRequest): { readonly key: string; readonly versioned: boolean }[] => {
  const document = parser.parse(request.body.toString("utf8")) as {
    Delete?: { Object?: { Key?: unknown; VersionId?: unknown }[] };
  };
  return (document.Delete?.Object ?? []).map(({ Key: key, VersionId: version }) => ({
    key: typeof key === "string" ? key : "",
    versioned: version !== undefined,
  }));
};

const renamed: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: "PutObject",
  CopyObject: "PutObject",
  CreateMultipartUpload: "PutObject",
  DeleteBucketLifecycle: "PutLifecycleConfiguration",
  DeleteObjects: "DeleteObject",
  GetBucketLifecycleConfiguration: "GetLifecycleConfiguration",
  HeadBucket: "ListBucket",
  HeadObject: "GetObject",
  ListBuckets: "ListAllMyBuckets",
  ListObjectVersions: "ListBucketVersions",
  ListObjects: "ListBucket",
  ListObjectsV2: "ListBucket",
  PutBucketLifecycleConfiguration: "PutLifecycleConfiguration",
  UploadPart: "PutObject",
  UploadPartCopy: "PutObject",
};

/** What IAM must allow for an S3 call. https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
export const s3Permissions = (request: AwsRequest, action: string): Permission[] => {
  const target = targetOf(request);
  const name = `s3:${renamed[action] ?? action}`;
  if (!target?.bucket) return [{ action: name, resource: "*" }];
  const bucket = `arn:aws:s3:::${target.bucket}`;
  if (action === "DeleteObjects") {
    return deletedObjects(request).map(({ key, versioned }) => ({
      action: versioned ? "s3:DeleteObjectVersion" : name,
      resource: `${bucket}/${key}`,
    }));
  }
  if (target.key === null) {
    const context: Record<string, string> = {};
    for (const field of ["prefix", "delimiter", "max-keys"]) {
      const value = request.url.searchParams.get(field);
      if (value !== null) context[`s3:${field}`] = value;
    }
    return [{ action: name, resource: bucket, context }];
  }
  const wanted: Permission[] = [{ action: name, resource: `${bucket}/${target.key}` }];
  if (action === "GetObjectAttributes") wanted.push({ action: "s3:GetObject", resource: `${bucket}/${target.key}` });
  const source = request.headers["x-amz-copy-source"];
  if (typeof source === "string") {
    wanted.push({ action: "s3:GetObject", resource: `arn:aws:s3:::${decodeURIComponent(source).replace(/^\//, "")}` });
  }
  return wanted;
};
