import type { AwsRequest } from "../../gateway/service.ts";

/** What an S3 request is about. */
export type S3Target = {
  readonly bucket: string | null;
  /** Decoded; null for a call on the bucket. */
  readonly key: string | null;
  /** `/bucket/key` as it came. */
  readonly path: string;
};

/** @returns null for a path that cannot be a bucket's or an object's: bad escapes, `.` and `..` as segments. */
export const targetOf = (request: AwsRequest): S3Target | null => {
  const hosted = /^([a-z0-9][a-z0-9.-]+)\.(?:localhost|s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com)$/.exec(
    request.url.hostname,
  )?.[1];
  const path = `${hosted === undefined ? "" : `/${hosted}`}${request.path ?? request.url.pathname}`;
  try {
    const parts = path.split("/").slice(1).map(decodeURIComponent);
    if (parts.some((part) => part === "." || part === "..")) return null;
    const [bucket = "", ...rest] = parts;
    const key = rest.join("/");
    return { bucket: bucket === "" ? null : bucket, key: key === "" ? null : key, path };
  } catch {
    return null;
  }
};

/** Parameters that belong to the calls that are there. Any other turns a call into one that is not. */
const plain = new Set([
  "attributes",
  "continuation-token",
  "delete",
  "delimiter",
  "encoding-type",
  "fetch-owner",
  "key-marker",
  "lifecycle",
  "list-type",
  "location",
  "marker",
  "max-keys",
  "partNumber",
  "prefix",
  "start-after",
  "uploadId",
  "uploads",
  "version-id-marker",
  "versions",
  "x-id",
]);

const isPlain = (name: string): boolean =>
  plain.has(name) || name.startsWith("response-") || name.toLowerCase().startsWith("x-amz-");

const verbs: Readonly<Record<string, string>> = {
  GET: "Get",
  PUT: "Put",
  DELETE: "Delete",
  HEAD: "Head",
  POST: "Post",
};

/** S3's name of a request, also of those that are not there: `GetBucketPolicy`, `PutObjectTagging`. */
export const s3ActionName = (request: AwsRequest): string => {
  const query = request.url.searchParams;
  const target = targetOf(request);
  const verb = verbs[request.method] ?? request.method;
  const level = target?.key === null ? "Bucket" : "Object";
  const strange = [...query.keys()].find((name) => !isPlain(name));
  if (strange !== undefined) {
    const name = strange.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return `${verb}${level}${name}`;
  }
  // A path that is none is refused later, as the object call that it wants to be.
  if (target === null) return objectAction(request, query, verb);
  if (target.bucket === null) return request.method === "GET" ? "ListBuckets" : `${verb}Service`;
  if (target.key === null) return bucketAction(request.method, query, verb);
  return objectAction(request, query, verb);
};

const bucketAction = (method: string, query: URLSearchParams, verb: string): string => {
  if (query.has("lifecycle")) return `${verb}BucketLifecycle${method === "DELETE" ? "" : "Configuration"}`;
  if (query.has("location")) return "GetBucketLocation";
  if (query.has("uploads")) return "ListMultipartUploads";
  if (query.has("versions") && method === "GET") return "ListObjectVersions";
  if (method === "GET") return query.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects";
  if (method === "POST") return query.has("delete") ? "DeleteObjects" : "PostObject";
  return method === "PUT" ? "CreateBucket" : `${verb}Bucket`;
};

const objectAction = (request: AwsRequest, query: URLSearchParams, verb: string): string => {
  const copies = request.headers["x-amz-copy-source"] !== undefined;
  const upload = query.has("uploadId");
  switch (request.method) {
    case "GET":
      if (query.has("attributes")) return "GetObjectAttributes";
      return upload ? "ListParts" : "GetObject";
    case "PUT":
      if (upload) return copies ? "UploadPartCopy" : "UploadPart";
      return copies ? "CopyObject" : "PutObject";
    case "POST":
      if (query.has("uploads")) return "CreateMultipartUpload";
      return upload ? "CompleteMultipartUpload" : "PostObject";
    case "DELETE":
      return upload ? "AbortMultipartUpload" : "DeleteObject";
    default:
      return `${verb}Object`;
  }
};

/** Those that fauxqs does in earnest, and the bucket's location, which is ours. */
export const s3Actions: ReadonlySet<string> = new Set([
  "AbortMultipartUpload",
  "CompleteMultipartUpload",
  "CopyObject",
  "CreateBucket",
  "CreateMultipartUpload",
  "DeleteBucket",
  "DeleteBucketLifecycle",
  "DeleteObject",
  "DeleteObjects",
  "GetBucketLifecycleConfiguration",
  "GetBucketLocation",
  "GetObject",
  "GetObjectAttributes",
  "HeadBucket",
  "HeadObject",
  "ListBuckets",
  "ListObjectVersions",
  "ListObjects",
  "ListObjectsV2",
  "PutBucketLifecycleConfiguration",
  "PutObject",
  "UploadPart",
  "UploadPartCopy",
]);

/** Headers whose wish fauxqs would pass over in silence. */
const unheard =
  /^x-amz-(?:tagging$|grant-|object-lock-|website-redirect|server-side-encryption-customer|copy-source-(?:if|server)|write-offset)/;

/** A wish of the request that the embedded S3 cannot fulfil; null when there is none. */
export const unheardWish = (request: AwsRequest): string | null => {
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined) continue;
    if (unheard.test(name)) return name;
    if (name === "x-amz-acl" && value !== "private" && value !== "bucket-owner-full-control")
      return `${name}: ${String(value)}`;
  }
  return null;
};
