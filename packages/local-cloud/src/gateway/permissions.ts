import type { AwsRequest, Permission } from "./service.ts";

/** What IAM must allow for the requests of the services that do not say so themselves. */
export type Permissions = {
  of(request: AwsRequest, action: string): readonly Permission[];
};

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

export const createPermissions = ({ account, region }: { account: string; region: string }): Permissions => {
  const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`;
  const arnOr = (service: string, prefix: string, value: unknown): string => {
    const given = text(value);
    if (given === undefined) return "*";
    return given.startsWith("arn:") ? given : arn(service, `${prefix}${given}`);
  };

  /** The resource of one service's call, by its input and path. */
  const resources: Readonly<Record<string, (input: Input, request: AwsRequest, action: string) => readonly string[]>> =
    {
      states: (input) => [
        text(input["executionArn"]) ?? text(input["stateMachineArn"]) ?? text(input["resourceArn"]) ?? "*",
      ],
      "cognito-idp": (input) => [text(input["ResourceArn"]) ?? arnOr("cognito-idp", "userpool/", input["UserPoolId"])],
      events(input, _request, action) {
        if (action === "PutEvents") {
          const entries = Array.isArray(input["Entries"]) ? (input["Entries"] as Input[]) : [];
          return [
            ...new Set(entries.map((entry) => arnOr("events", "event-bus/", entry["EventBusName"] ?? "default"))),
          ];
        }
        const bus = text(input["EventBusName"]);
        const rule = text(input["Rule"]) ?? (action.endsWith("Rule") ? text(input["Name"]) : undefined);
        if (rule !== undefined) return [arn("events", `rule/${bus && bus !== "default" ? `${bus}/` : ""}${rule}`)];
        return [arnOr("events", "event-bus/", input["Name"] ?? bus)];
      },
      lambda(_input, request) {
        const name = /\/functions\/([^/]+)/.exec(request.url.pathname)?.[1];
        return [arnOr("lambda", "function:", name === undefined ? undefined : decodeURIComponent(name))];
      },
      eks(_input, request) {
        const [, cluster, kind, id] = /\/clusters\/([^/]+)(?:\/([^/]+)\/([^/]+))?/.exec(request.url.pathname) ?? [];
        if (cluster === undefined) return ["*"];
        if (kind === "pod-identity-associations" && id !== undefined) {
          return [arn("eks", `podidentityassociation/${decodeURIComponent(cluster)}/${id}`)];
        }
        return [arn("eks", `cluster/${decodeURIComponent(cluster)}`)];
      },
      scheduler(input, request) {
        const name = /\/schedules\/([^/]+)/.exec(request.url.pathname)?.[1];
        const group = text(input["GroupName"]) ?? request.url.searchParams.get("groupName") ?? "default";
        return [name === undefined ? "*" : arn("scheduler", `schedule/${group}/${decodeURIComponent(name)}`)];
      },
      sqs(input) {
        const queue = text(input["QueueUrl"])?.split("/").at(-1) ?? text(input["QueueName"]);
        return [queue === undefined ? "*" : arn("sqs", queue)];
      },
      sns(_input, request) {
        const form = new URLSearchParams(request.body.toString("utf8"));
        return [form.get("TopicArn") ?? form.get("ResourceArn") ?? arnOr("sns", "", form.get("Name"))];
      },
    };

  const mail = (input: Input, action: string): Permission[] => {
    const from = text(input["FromEmailAddress"]) ?? text(input["EmailIdentity"]) ?? "";
    const address = /<([^>]+)>/.exec(from)?.[1] ?? from;
    const given = text(input["FromEmailAddressIdentityArn"]);
    const domain = address.split("@").at(-1) ?? address;
    const wanted: Permission[] = [
      {
        action: `ses:${action}`,
        resource: given ?? (address === "" ? "*" : arn("ses", `identity/${address}`)),
        // SES takes the address's own identity or that of its domain.
        or: given === undefined && address !== domain ? [arn("ses", `identity/${domain}`)] : [],
        context: { "ses:FromAddress": address, "ses:ApiVersion": "2" },
      },
    ];
    const set = text(input["ConfigurationSetName"]);
    if (set !== undefined) wanted.push({ action: `ses:${action}`, resource: arn("ses", `configuration-set/${set}`) });
    const { Template } = (input["Content"] ?? {}) as { Template?: Input };
    const template = text(Template?.["TemplateName"]);
    if (template !== undefined) wanted.push({ action: `ses:${action}`, resource: arn("ses", `template/${template}`) });
    return wanted;
  };

  /** The IAM action where it is not the API's own name. */
  const renamed: Readonly<Record<string, string>> = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
  };

  return {
    of(request, action) {
      const { service } = request;
      // STS judges by the role's trust policy, and GetCallerIdentity needs no permission.
      if (service === "sts") return [];
      const input = service === "sns" ? {} : inputOf(request);
      if (service === "ses") return mail(input, action);
      const name = renamed[`${service}:${action}`] ?? `${service}:${action}`;
      const wanted = (resources[service]?.(input, request, action) ?? ["*"]).map((resource) => ({
        action: name,
        resource,
      }));
      const passed = text(input["roleArn"]) ?? text(input["RoleArn"]);
      const passes = passed !== undefined && /^(Create|Update|Put|Register)/.test(action);
      return passes ? [...wanted, { action: "iam:PassRole", resource: passed }] : wanted;
    },
  };
};
