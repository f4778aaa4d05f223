import type { AwsRequest, Permission } from "../../gateway/service.ts";
import type { Secrets } from "./secret.ts";

type Input = Readonly<Record<string, unknown>>;

const inputOf = (request: AwsRequest): Input => {
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8") || "{}");
    return typeof value === "object" && value !== null ? (value as Input) : {};
  } catch {
    return {};
  }
};

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/**
 * What IAM must allow for a call. AWS judges by the secret's full ARN, which ends in six characters of its own, and
 * knows the secret's tags; who turns rotation on must be allowed to invoke the function.
 */
export const secretPermissions =
  (secrets: Secrets, { region, account }: { readonly region: string; readonly account: string }) =>
  (request: AwsRequest): readonly Permission[] => {
    const input = inputOf(request);
    const api = String(request.headers["x-amz-target"] ?? "").split(".")[1] ?? "";
    const id = text(api === "CreateSecret" ? input["Name"] : input["SecretId"]);
    const known = id === undefined || api === "CreateSecret" ? undefined : secrets.find(id);
    const named = (name: string): string =>
      name.startsWith("arn:") ? name : `arn:aws:secretsmanager:${region}:${account}:secret:${name}-000000`;
    const tags = Object.entries(known?.tags ?? {}).flatMap(([tag, value]) => [
      [`secretsmanager:ResourceTag/${tag}`, value] as const,
      [`aws:ResourceTag/${tag}`, value] as const,
    ]);
    const lambda = api === "RotateSecret" ? text(input["RotationLambdaARN"]) : undefined;
    return [
      {
        action: `secretsmanager:${api}`,
        resource: id === undefined ? "*" : (known?.arn ?? named(id)),
        ...(tags.length === 0 ? {} : { context: Object.fromEntries(tags) }),
      },
      ...(lambda === undefined ? [] : [{ action: "lambda:InvokeFunction", resource: lambda }]),
    ];
  };
