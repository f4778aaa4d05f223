import { createHash } from "node:crypto";
import http from "node:http";
import type { Iam } from "../gateway/iam.ts";
import { AwsError, type AwsRequest, type Service } from "../gateway/service.ts";
import type { Sessions } from "../gateway/sessions.ts";
import { queryService, type QueryInput } from "../protocols/query.ts";

/** Who a request's signer is, as GetCallerIdentity answers. */
export type CallerIdentity = {
  readonly account: string;
  /** Such as `arn:aws:sts::123456789012:assumed-role/api/worker`. */
  readonly arn: string;
  readonly userId: string;
};

const invalid = (message: string): AwsError => new AwsError("ValidationError", message, 400);

const tagsOf = (input: QueryInput): Record<string, string> =>
  Object.fromEntries(
    ((input["Tags"] ?? []) as { Key?: string; Value?: string }[]).map(({ Key = "", Value = "" }) => [Key, Value]),
  );

/** The id that AWS gives a role; made from its name, so that it is the same on each start. */
const roleId = (role: string): string =>
  `AROA${createHash("sha256").update(role).digest("hex").toUpperCase().slice(0, 17)}`;

/** The Security Token Service: identities, and roles assumed by their trust policies. */
export const stsService = (options: { account: string; region: string; sessions: Sessions; iam: Iam }): Service => {
  const { account, sessions, iam } = options;
  const assumeRole = async (input: QueryInput, request: AwsRequest): Promise<unknown> => {
    const { RoleArn: arn, RoleSessionName: session, DurationSeconds = "3600", Policy: policy } = input;
    const { caller } = request;
    if (typeof arn !== "string" || !arn.startsWith("arn:aws:iam::"))
      throw invalid("RoleArn must be the ARN of a role.");
    if (typeof session !== "string" || !/^[\w+=,.@-]{2,64}$/.test(session)) {
      throw invalid(String.raw`RoleSessionName must satisfy [\w+=,.@-]{2,64}.`);
    }
    const tags = tagsOf(input);
    const role = iam.role(arn);
    const context: Record<string, string> = { "sts:RoleSessionName": session };
    if (typeof input["ExternalId"] === "string") context["sts:ExternalId"] = input["ExternalId"];
    for (const [key, value] of Object.entries(tags)) context[`aws:RequestTag/${key}`] = value;
    const may = async (action: string): Promise<void> => {
      if (caller && role?.arn === arn && (await iam.mayAssume(caller, role, action, context))) return;
      const message = `User: ${caller?.arn ?? "anonymous"} is not authorized to perform: ${action} on resource: ${arn}`;
      throw new AwsError("AccessDenied", message, 403);
    };
    await may("sts:AssumeRole");
    if (Object.keys(tags).length > 0) await may("sts:TagSession");
    const seconds = Number(DurationSeconds);
    const most =
      caller?.role === undefined ? (role?.maxSessionSeconds ?? 3600) : Math.min(3600, role?.maxSessionSeconds ?? 3600);
    if (!Number.isInteger(seconds) || seconds < 900 || seconds > most) {
      throw invalid(
        `The requested DurationSeconds must be between 900 and the MaxSessionDuration of ${most} set for this role.`,
      );
    }
    if (policy !== undefined) {
      try {
        JSON.parse(String(policy));
      } catch {
        throw new AwsError("MalformedPolicyDocument", "The session policy is not JSON.", 400);
      }
    }
    const name = role?.name ?? "";
    const issued = sessions.issue({
      role: name,
      session,
      seconds,
      tags,
      ...(typeof policy === "string" ? { policy } : {}),
    });
    return {
      Credentials: {
        AccessKeyId: issued.accessKeyId,
        SecretAccessKey: issued.secretAccessKey,
        SessionToken: issued.sessionToken,
        Expiration: new Date(issued.expires ?? 0),
      },
      AssumedRoleUser: { AssumedRoleId: `${roleId(name)}:${session}`, Arn: issued.caller.arn },
    };
  };
  return queryService({
    name: "sts",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    actions: {
      GetCallerIdentity(_input, { caller }) {
        const role = caller?.role;
        const session = caller?.arn.split("/").at(-1) ?? "";
        return {
          Arn: caller?.arn,
          UserId: role === undefined ? account : `${roleId(role)}:${session}`,
          Account: account,
        };
      },
      AssumeRole: assumeRole,
    },
  });
};

/**
 * Whose presigned GetCallerIdentity a URL is: how EKS reads its tokens. Asks the gateway, as EKS asks STS, so signature,
 * session and expiry are verified there. The URL's host is only what was signed; no other address is ever contacted.
 * @param headers those that were signed beside the host, such as `x-k8s-aws-id`.
 * @returns null when it is no such URL or is refused.
 */
export const verifyPresigned = async (
  endpoint: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<CallerIdentity | null> => {
  const signed = URL.canParse(url) ? new URL(url) : null;
  if (signed?.searchParams.get("Action") !== "GetCallerIdentity" || !signed.searchParams.has("X-Amz-Signature"))
    return null;
  if (signed.searchParams.get("X-Amz-Credential")?.split("/").at(-2) !== "sts") return null;
  const gateway = new URL(endpoint);
  const text = await new Promise<string | null>((resolve, reject) => {
    const options = {
      host: gateway.hostname,
      port: gateway.port,
      path: `${signed.pathname}${signed.search}`,
      headers: { ...headers, host: signed.host },
    };
    http
      .get(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString("utf8") : null));
        response.on("error", reject);
      })
      .on("error", reject);
  });
  const field = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text ?? "")?.[1];
  const [account, arn, userId] = [field("Account"), field("Arn"), field("UserId")];
  return account === undefined || arn === undefined || userId === undefined ? null : { account, arn, userId };
};
