import { type Graph, type GraphResource, ofType } from "../deploy/graph.ts";

/** A policy document; its shape is IAM's to validate. */
export type PolicyDocument = object;
export type NamedPolicy = { readonly name: string; readonly policy: PolicyDocument };
export type Role = {
  readonly name: string;
  readonly arn: string;
  readonly trust: PolicyDocument | null;
  readonly policies: readonly NamedPolicy[];
  /** What the role may do at most, whatever its policies say; null: it has no such boundary. */
  readonly boundary: NamedPolicy | null;
  readonly maxSessionSeconds: number;
};

const allow = (...actions: string[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
});

const logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const network = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** AWS's own policies, as far as the local services have their actions. */
const managed: Readonly<Record<string, PolicyDocument>> = {
  AdministratorAccess: allow("*"),
  AWSLambdaBasicExecutionRole: allow(...logs),
  AWSLambdaVPCAccessExecutionRole: allow(...logs, ...network),
  AWSLambdaKinesisExecutionRole: allow(
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "kinesis:ListStreams",
    "kinesis:SubscribeToShard",
    ...logs,
  ),
  AWSLambdaDynamoDBExecutionRole: allow(
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    ...logs,
  ),
  AWSLambdaSQSQueueExecutionRole: allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", ...logs),
  AmazonAPIGatewayPushToCloudWatchLogs: allow("logs:*"),
  AWSXRayDaemonWriteAccess: allow("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
};

const document = (value: unknown): PolicyDocument | null => {
  const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return typeof parsed === "object" && parsed !== null ? parsed : null;
};

/** `arn:aws:iam::…:role/path/name` or a bare name: the name. */
export const roleName = (role: string): string => role.split("/").at(-1) ?? role;

const nothing: PolicyDocument = { Version: "2012-10-17", Statement: [] };

/**
 * The roles of a deployment with every policy that they hold. Managed policies that are not known here are reported;
 * as a boundary, one lets nothing through.
 */
export const rolesOf = (graph: Graph, unknown: (arn: string) => void): ReadonlyMap<string, Role> => {
  const own = new Map(
    ofType(graph, "aws:iam/policy:Policy").map(({ outputs, inputs }) => [
      String(outputs["arn"]),
      document(outputs["policy"] ?? inputs["policy"]),
    ]),
  );
  const byArn = (arn: string): NamedPolicy[] => {
    const policy = own.get(arn) ?? managed[roleName(arn)] ?? null;
    if (policy === null) unknown(arn);
    return policy === null ? [] : [{ name: arn, policy }];
  };
  const attached = new Map<string, NamedPolicy[]>();
  const attach = (role: unknown, policies: NamedPolicy[]): void => {
    const name = roleName(String(role));
    attached.set(name, [...(attached.get(name) ?? []), ...policies]);
  };
  const inline = (name: string, policy: unknown): NamedPolicy[] => {
    const found = document(policy);
    return found === null ? [] : [{ name, policy: found }];
  };
  for (const { name, inputs } of ofType(graph, "aws:iam/rolePolicy:RolePolicy")) {
    attach(inputs["role"], inline(name, inputs["policy"]));
  }
  for (const { inputs } of ofType(graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")) {
    attach(inputs["role"], byArn(String(inputs["policyArn"])));
  }
  for (const { inputs } of ofType(graph, "aws:iam/policyAttachment:PolicyAttachment")) {
    for (const role of (inputs["roles"] ?? []) as unknown[]) attach(role, byArn(String(inputs["policyArn"])));
  }
  const role = (resource: GraphResource): Role => {
    const { inputs, outputs } = resource;
    const name = String(outputs["name"] ?? resource.id);
    const inlines = (inputs["inlinePolicies"] ?? []) as { name?: string; policy?: unknown }[];
    const boundary = inputs["permissionsBoundary"];
    const arns = (inputs["managedPolicyArns"] ?? []) as string[];
    return {
      name,
      arn: String(outputs["arn"]),
      trust: document(inputs["assumeRolePolicy"]),
      policies: [
        ...inlines.flatMap((one) => inline(one.name ?? "inline", one.policy)),
        ...arns.flatMap(byArn),
        ...(attached.get(name) ?? []),
      ],
      boundary: typeof boundary === "string" ? (byArn(boundary)[0] ?? { name: boundary, policy: nothing }) : null,
      maxSessionSeconds: Number(inputs["maxSessionDuration"] ?? 3600),
    };
  };
  return new Map(
    ofType(graph, "aws:iam/role:Role")
      .map(role)
      .map((one) => [one.name, one]),
  );
};
