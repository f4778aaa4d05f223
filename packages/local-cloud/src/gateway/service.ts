import type { IncomingHttpHeaders } from "node:http";

/** Who signed a request. The operator's own keys (`test`/`test`) may do anything; a Lambda has its role's session. */
export type Caller = {
  readonly account: string;
  readonly accessKeyId: string;
  /** `arn:aws:iam::…:root` for the operator, `arn:aws:sts::…:assumed-role/<role>/<session>` for a role session. */
  readonly arn: string;
  /** The name of the assumed role; absent for the operator. */
  readonly role?: string;
  readonly sessionTags: Readonly<Record<string, string>>;
  /** A session policy that narrows the role, as JSON. */
  readonly sessionPolicy?: string;
};

export type AwsRequest = {
  /** Answered as `x-amzn-requestid`. */
  readonly id: string;
  /** The SigV4 scope's service, such as `dynamodb`, `states`, `cognito-idp`. */
  readonly service: string;
  readonly region: string;
  readonly method: string;
  readonly url: URL;
  /** The path as it came over the wire; `url` has its dot segments resolved. */
  readonly path?: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Absent when the call was not signed (Cognito's public calls, key sets). */
  readonly caller: Caller | undefined;
  /** One part of the embedded cloud calls another, as AWS's services do among themselves. */
  readonly internal?: boolean;
};

export type AwsResponse = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
};

/** One IAM action on one resource ARN (or `*`), with what is known for condition keys. */
export type Permission = {
  /** Such as `dynamodb:PutItem`. */
  readonly action: string;
  readonly resource: string;
  /** Other resources that would do just as well, such as a mail domain beside the address. */
  readonly or?: readonly string[];
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** The resource's own policy, where it has one. The same for the same resource. */
  readonly policy?: object;
};

/** One AWS service behind the gateway. */
export interface Service {
  /** The SigV4 scope it answers to. */
  readonly name: string;
  /** The API action a request asks for, such as `PutItem`; null when none can be recognised. */
  action(request: AwsRequest): string | null;
  /** The prefix of `X-Amz-Target` by which unsigned calls find it, such as `AWSCognitoIdentityProviderService`. */
  readonly target?: string;
  /** Unsigned requests without a target that this service takes by their path, such as key sets. */
  readonly claims?: (url: URL) => boolean;
  /** What IAM must allow for a request; absent: the gateway's own table knows the service. Empty: nothing to authorise. */
  readonly permissions?: (request: AwsRequest) => readonly Permission[];
  /** What a caller must be allowed, to learn by a 404 that something is missing; without it, the answer is 403. */
  readonly missing?: (request: AwsRequest) => Permission | null;
  handle(request: AwsRequest): Promise<AwsResponse>;
}

/** An error in AWS's own vocabulary; the protocol decides how it is written. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, status = 400, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

/** What the embedded cloud lacks: 501, by name. */
export const notImplemented = (service: string, action: string | null): AwsError =>
  new AwsError("NotImplemented", `The embedded cloud has no ${service}:${action ?? "(unknown action)"}.`, 501);
