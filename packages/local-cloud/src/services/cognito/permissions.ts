import type { AwsRequest, Permission } from "../../gateway/service.ts";
import { type Input, isRecord } from "../input.ts";
import type { Cognito } from "./state.ts";

const inputOf = (request: AwsRequest): Input => {
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8") || "{}");
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
};

const asContext = (kind: "Request" | "Resource", tags: unknown): Record<string, string> =>
  isRecord(tags)
    ? Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:${kind}Tag/${name}`, String(value)]))
    : {};

/** What a call on Cognito is judged by: its user pool's ARN and tags, and the tags that it sets. */
export const cognitoPermissions = (cognito: Cognito, request: AwsRequest, action: string): Permission[] => {
  const { region, account } = cognito.host;
  const input = inputOf(request);
  const named = input["UserPoolId"];
  const arn = input["ResourceArn"];
  const pool = typeof named === "string" ? cognito.pools.get(named) : undefined;
  const resource =
    typeof arn === "string"
      ? arn
      : typeof named === "string"
        ? `arn:aws:cognito-idp:${region}:${account}:userpool/${named}`
        : "*";
  const context = {
    ...asContext("Resource", (pool?.settings as Input | undefined)?.["UserPoolTags"]),
    ...asContext("Request", input["UserPoolTags"] ?? input["Tags"]),
  };
  return [{ action: `cognito-idp:${action}`, resource, context }];
};
