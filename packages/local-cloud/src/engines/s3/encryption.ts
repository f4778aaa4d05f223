import type { Permission } from "../../gateway/service.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "../../gateway/service.ts";
import { defaultKeyPolicy, type Key, type Keys, stateOf } from "../../services/kms-keys.ts";
import type { Store } from "../../store.ts";
import { s3ActionName, targetOf } from "./actions.ts";
import { deletedObjects } from "./permissions.ts";

const ALGORITHM = "x-amz-server-side-encryption";
const KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id";

/**
 * Server-side encryption with a customer's key (SSE-KMS) as far as a caller can tell: which key an object bears, that
 * the key can be used, and that the caller may use it. The bytes themselves lie unencrypted on the machine's own disk.
 */
export interface Encryption {
  /** What a caller must be allowed on keys, besides the call itself. */
  permissions(request: AwsRequest): readonly Permission[];
  /** What policies may ask of the request. */
  context(request: AwsRequest): Readonly<Record<string, string>>;
  /** @throws AwsError for a key that is not there or cannot be used. */
  check(request: AwsRequest): void;
  /** Remembers or forgets the object's key after a call that succeeded, and tells it in the answer. */
  settle(request: AwsRequest, response: AwsResponse): AwsResponse;
}

const writes = new Set(["PutObject", "CopyObject", "CreateMultipartUpload"]);
const reads = new Set(["GetObject", "HeadObject", "GetObjectAttributes"]);
const parts = new Set(["UploadPart", "UploadPartCopy", "CompleteMultipartUpload"]);

export const openEncryption = (store: Store, keys: Keys): Encryption => {
  /** By `bucket/key`, and by `upload <id>` while an upload is under way: the key's ARN. */
  const known = store.collection<string>("s3-encryption");
  const nameOf = (request: AwsRequest): string => {
    const target = targetOf(request);
    return `${target?.bucket ?? ""}/${target?.key ?? ""}`;
  };
  const uploadOf = (request: AwsRequest): string => `upload ${request.url.searchParams.get("uploadId") ?? ""}`;

  /** The key that a call uses, by the name in the request or the ARN that was remembered. */
  const used = (request: AwsRequest, action: string): string | undefined => {
    if (reads.has(action)) return known.get(nameOf(request));
    if (parts.has(action)) return known.get(uploadOf(request));
    const asked = writes.has(action) && request.headers[ALGORITHM] === "aws:kms" ? request.headers[KEY_ID] : undefined;
    return typeof asked === "string" ? asked : undefined;
  };
  const sourceOf = (request: AwsRequest): string | undefined => {
    const source = request.headers["x-amz-copy-source"];
    if (typeof source !== "string") return undefined;
    return known.get(decodeURIComponent(source.split("?")[0] ?? "").replace(/^\//, ""));
  };
  const onKey = (action: string, reference: string): Permission => {
    const key = keys.find(reference);
    const tags = Object.entries(key?.tags ?? {}).map(([name, value]) => [`aws:ResourceTag/${name}`, value]);
    return {
      action,
      resource: key?.arn ?? reference,
      ...(key === undefined ? {} : { policy: defaultKeyPolicy(key.arn.split(":")[4] ?? "") }),
      context: {
        ...(Object.fromEntries(tags) as Record<string, string>),
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
      },
    };
  };
  const usable = (reference: string): Key => {
    const key = keys.find(reference);
    if (!key) throw new AwsError("KMS.NotFoundException", `Key '${reference}' does not exist`, 400);
    const state = stateOf(key);
    if (state === "Disabled") throw new AwsError("KMS.DisabledException", `${key.arn} is disabled.`, 400);
    if (state === "PendingDeletion")
      throw new AwsError("KMS.KMSInvalidStateException", `${key.arn} is pending deletion.`, 400);
    return key;
  };
  const told = (response: AwsResponse, arn: string | undefined): AwsResponse =>
    arn === undefined
      ? response
      : { ...response, headers: { ...response.headers, [ALGORITHM]: "aws:kms", [KEY_ID]: arn } };

  return {
    permissions(request) {
      const action = s3ActionName(request);
      const key = used(request, action);
      const source = sourceOf(request);
      return [
        ...(key === undefined ? [] : [onKey(reads.has(action) ? "kms:Decrypt" : "kms:GenerateDataKey", key)]),
        ...(source === undefined ? [] : [onKey("kms:Decrypt", source)]),
      ];
    },
    context(request) {
      const action = s3ActionName(request);
      if (!writes.has(action) && !parts.has(action)) return {};
      const key = used(request, action);
      const algorithm = parts.has(action) && key !== undefined ? "aws:kms" : request.headers[ALGORITHM];
      return {
        ...(typeof algorithm === "string" ? { [`s3:${ALGORITHM}`]: algorithm } : {}),
        ...(key === undefined ? {} : { [`s3:${KEY_ID}`]: key }),
      };
    },
    check(request) {
      const action = s3ActionName(request);
      const algorithm = request.headers[ALGORITHM];
      const named = request.headers[KEY_ID] !== undefined;
      if (
        writes.has(action) &&
        algorithm !== undefined &&
        algorithm !== "AES256" &&
        (algorithm !== "aws:kms" || !named)
      )
        throw new AwsError(
          "NotImplemented",
          `The embedded cloud has no ${ALGORITHM}: ${String(algorithm)} without a key.`,
          501,
        );
      if (writes.has(action) && named && algorithm !== "aws:kms")
        throw new AwsError("InvalidArgument", `${KEY_ID} goes with ${ALGORITHM}: aws:kms.`, 400);
      for (const key of [used(request, action), sourceOf(request)]) if (key !== undefined) usable(key);
    },
    settle(request, response) {
      if (response.status >= 300) return response;
      const action = s3ActionName(request);
      const name = nameOf(request);
      const reference = used(request, action);
      const arn = reference === undefined ? undefined : (keys.find(reference)?.arn ?? reference);
      const remember = (where: string): void => (arn === undefined ? known.delete(where) : known.put(where, arn));
      switch (action) {
        case "PutObject":
        case "CopyObject":
          remember(name);
          return told(response, arn);
        case "CreateMultipartUpload": {
          const id = /<UploadId>([^<]+)</.exec(Buffer.from(response.body ?? "").toString("utf8"))?.[1];
          if (id !== undefined) remember(`upload ${id}`);
          return told(response, arn);
        }
        case "CompleteMultipartUpload":
          remember(name);
          known.delete(uploadOf(request));
          return told(response, arn);
        case "AbortMultipartUpload":
          known.delete(uploadOf(request));
          return response;
        case "DeleteObject":
          known.delete(name);
          return response;
        case "DeleteObjects":
          for (const { key } of deletedObjects(request)) known.delete(`${targetOf(request)?.bucket ?? ""}/${key}`);
          return response;
        default:
          return told(response, arn);
      }
    },
  };
};
