import type { AwsRequest } from "./service.ts";

/** One invocation that a worker runs now, and what can befall it. */
export type Work = {
  readonly functionName: string;
  /** The invocation's request id. */
  readonly id: string;
  /** JSON, as the function got it. */
  readonly payload: string;
  /** Whether it is itself the second run of another one. */
  readonly second: boolean;
  /** The worker dies at once, in the middle of what it does; one that is spared only leaves off there. */
  kill(spared?: boolean): Promise<void>;
  /** The invocation's time is up now, however much of it is left. Its worker dies of it, unless it is spared. */
  timeOut(spared?: boolean): Promise<void>;
  /** The same function runs once more on the same payload, beside this one. Resolves when that one has ended. */
  again(): Promise<void>;
};

/** The invocation whose worker was given this access key; each worker has a session of its own. */
export type FindWork = (accessKeyId: string) => Work | undefined;

/** A bearer token of EKS is a presigned address, which names the key. */
const bearerKey = (authorization: string | undefined): string | undefined => {
  const token = /^Bearer k8s-aws-v1\.(\S+)$/.exec(authorization ?? "")?.[1];
  if (token === undefined) return undefined;
  return /X-Amz-Credential=([A-Z0-9]+)/.exec(Buffer.from(token, "base64url").toString())?.[1];
};

/** Whose worker sends a request; undefined for what no function sends. */
export const workOf = (request: AwsRequest, find: FindWork | undefined): Work | undefined => {
  if (!find) return undefined;
  const key = request.caller === undefined ? bearerKey(request.headers.authorization) : request.caller.accessKeyId;
  return key === undefined || key === "test" ? undefined : find(key);
};
