import { errorResponse } from "../../gateway/errors.ts";
import { AwsError, type AwsRequest, type AwsResponse, notImplemented } from "../../gateway/service.ts";
import type { Permission, Service } from "../../gateway/service.ts";
import type { Inject } from "../fauxqs.ts";
import { s3ActionName, s3Actions, targetOf, unheardWish } from "./actions.ts";
import type { Encryption } from "./encryption.ts";
import { s3Permissions } from "./permissions.ts";
import { listVersions } from "./versions.ts";

/** Runs tasks of one key one after the other. */
const createLocks = (): (<T>(key: string, run: () => Promise<T>) => Promise<T>) => {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const before = tails.get(key) ?? Promise.resolve();
    const mine = before.then(run, run);
    tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
};

/** S3 behind the gateway. Conditional writes are ours; whatever fauxqs would pass over in silence answers 501. */
export const s3Service = (options: {
  inject: Inject;
  region: string;
  encryption: Encryption;
  /** A bucket's own policy, by which calls are judged beside the caller's. */
  policyOf: (bucket: string) => object | undefined;
}): Service => {
  const { inject, region, encryption, policyOf } = options;
  const locked = createLocks();
  const withPolicy = (wanted: Permission): Permission => {
    const policy = policyOf(/^arn:aws:s3:::([^/]+)/.exec(wanted.resource)?.[1] ?? "");
    return policy === undefined ? wanted : { ...wanted, policy };
  };
  const action = (request: AwsRequest): string | null => {
    const name = s3ActionName(request);
    return s3Actions.has(name) ? name : null;
  };
  const send = (request: AwsRequest, method = request.method, url = request.url.search): Promise<AwsResponse> => {
    const headers = { ...request.headers };
    if (method === "HEAD") for (const name of Object.keys(headers)) if (name.startsWith("if-")) delete headers[name];
    const path = targetOf(request)?.path ?? "/";
    return inject({ method, url: `${path}${url}`, headers, body: method === "HEAD" ? Buffer.alloc(0) : request.body });
  };

  /** `If-None-Match: *` and `If-Match` of writes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
  const checkCondition = async (request: AwsRequest): Promise<void> => {
    const { "if-none-match": none, "if-match": match } = request.headers;
    if (none !== undefined && none !== "*") throw notImplemented("s3", "PutObject with If-None-Match other than *");
    const there = await send(request, "HEAD", "");
    const exists = there.status === 200;
    const failed = (): AwsError =>
      new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412);
    if (none === "*" && exists) throw failed();
    if (match === undefined) return;
    if (!exists) throw new AwsError("NoSuchKey", "The specified key does not exist.", 404);
    const bare = (tag: unknown): string => String(tag).replace(/^"|"$/g, "");
    if (bare(there.headers?.["etag"]) !== bare(match)) throw failed();
  };

  const location = async (request: AwsRequest): Promise<AwsResponse> => {
    const there = await send(request, "HEAD", "");
    if (there.status !== 200) throw new AwsError("NoSuchBucket", "The specified bucket does not exist", 404);
    // The first region of S3 is written as nothing.
    const text = region === "us-east-1" ? "" : region;
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${text}</LocationConstraint>`;
    return { status: 200, headers: { "content-type": "application/xml" }, body };
  };

  return {
    name: "s3",
    action,
    permissions(request) {
      const asked = encryption.context(request);
      const [call, ...more] = s3Permissions(request, s3ActionName(request));
      const judged = call === undefined ? [] : [{ ...call, context: { ...call.context, ...asked } }, ...more];
      return [...judged.map(withPolicy), ...encryption.permissions(request)];
    },
    missing(request) {
      const target = targetOf(request);
      const reads = request.method === "GET" || request.method === "HEAD";
      if (!reads || !target?.bucket || target.key === null) return null;
      return withPolicy({ action: "s3:ListBucket", resource: `arn:aws:s3:::${target.bucket}` });
    },
    async handle(request) {
      try {
        const name = action(request);
        const target = targetOf(request);
        if (target === null) throw new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400);
        if (name === null) throw notImplemented("s3", s3ActionName(request));
        const wish = unheardWish(request);
        if (wish !== null) throw notImplemented("s3", `${name} with ${wish}`);
        if (name === "GetBucketLocation") return await location(request);
        if (name === "ListObjectVersions") return await listVersions(request, (search) => send(request, "GET", search));
        encryption.check(request);
        const conditional = request.headers["if-none-match"] !== undefined || request.headers["if-match"] !== undefined;
        const writes =
          name === "PutObject" ||
          name === "CompleteMultipartUpload" ||
          name === "CopyObject" ||
          name === "DeleteObject";
        if (!writes) return encryption.settle(request, await send(request));
        return await locked(target.path, async () => {
          if (conditional) await checkCondition(request);
          return encryption.settle(request, await send(request));
        });
      } catch (error) {
        return errorResponse(request, error);
      }
    },
  };
};
