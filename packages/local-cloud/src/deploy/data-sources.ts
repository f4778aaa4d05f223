import type { Facts } from "./facts.ts";

type Statement = {
  sid?: string;
  effect?: string;
  actions?: string[];
  notActions?: string[];
  resources?: string[];
  notResources?: string[];
  principals?: { type: string; identifiers: string[] }[];
  notPrincipals?: { type: string; identifiers: string[] }[];
  conditions?: { test: string; variable: string; values: string[] }[];
};

// The provider writes a single value bare and several in reverse order.
const oneOrMany = (values: string[]): string | string[] =>
  values.length === 1 ? (values[0] ?? "") : values.toSorted().toReversed();

const principals = (list: { type: string; identifiers: string[] }[]): unknown => {
  if (list.some(({ type }) => type === "*")) return "*";
  const merged: Record<string, string[]> = {};
  for (const { type, identifiers } of list) merged[type] = [...(merged[type] ?? []), ...identifiers];
  return Object.fromEntries(Object.entries(merged).map(([type, ids]) => [type, oneOrMany(ids)]));
};

/** Renders the data source `aws_iam_policy_document` as the AWS provider does. */
export const policyDocument = ({
  statements = [],
  version,
}: {
  statements?: Statement[];
  version?: string;
}): string => {
  const rendered = statements.map((statement) => {
    const effect = statement.effect ?? "Allow";
    if (effect !== "Allow" && effect !== "Deny") {
      throw new Error(`An IAM policy statement's effect must be Allow or Deny, got "${effect}".`);
    }
    const conditions: Record<string, Record<string, string | string[]>> = {};
    for (const { test, variable, values } of statement.conditions ?? [])
      conditions[test] = { ...conditions[test], [variable]: oneOrMany(values) };
    return {
      ...(statement.sid ? { Sid: statement.sid } : {}),
      Effect: effect,
      ...(statement.actions ? { Action: oneOrMany(statement.actions) } : {}),
      ...(statement.notActions ? { NotAction: oneOrMany(statement.notActions) } : {}),
      ...(statement.resources ? { Resource: oneOrMany(statement.resources) } : {}),
      ...(statement.notResources ? { NotResource: oneOrMany(statement.notResources) } : {}),
      ...(statement.principals ? { Principal: principals(statement.principals) } : {}),
      ...(statement.notPrincipals ? { NotPrincipal: principals(statement.notPrincipals) } : {}),
      ...(Object.keys(conditions).length > 0 ? { Condition: conditions } : {}),
    };
  });
  return JSON.stringify({ Version: version ?? "2012-10-17", Statement: rendered });
};

// oxlint-disable-next-line typescript/no-explicit-any -- each data source has its own arguments
type Answer = (inputs: any, facts: Facts) => Record<string, unknown>;

const regionAnswer: Answer = (_, { region }) => ({ id: region, name: region, region, description: region });

const answers: Readonly<Record<string, Answer>> = {
  "aws:index/getRegion:getRegion": regionAnswer,
  "aws:index/getPartition:getPartition": () => ({
    id: "aws",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
  "aws:index/getCallerIdentity:getCallerIdentity": (_, { account }) => ({
    id: account,
    accountId: account,
    arn: `arn:aws:iam::${account}:root`,
    userId: account,
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": (_, { region }) => ({
    id: region,
    names: ["a", "b", "c"].map((zone) => region + zone),
    zoneIds: ["use1-az1", "use1-az2", "use1-az4"],
    groupNames: [region],
  }),
  "aws:index/getArn:getArn": ({ arn }) => {
    const [, partition, service, region, account, ...resource] = String(arn).split(":");
    return { id: arn, arn, partition, service, region, account, resource: resource.join(":") };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": (inputs) => {
    const json = policyDocument(inputs);
    return { ...inputs, id: "policy", json, minifiedJson: json };
  },
  "aws:ec2/getAmi:getAmi": () => ({ id: "ami-0123456789abcdef0", architecture: "arm64" }),
};

/**
 * Answers a data source, Pulumi's way of asking the account what is there.
 * @throws Error for one that has no answer here.
 */
export const dataSource = (token: string, inputs: unknown, facts: Facts): Record<string, unknown> => {
  const answer = Object.hasOwn(answers, token) ? answers[token] : undefined;
  if (answer === undefined) {
    throw new Error(`The embedded cloud has no answer for the data source ${token} ${JSON.stringify(inputs)}.`);
  }
  return answer(inputs, facts);
};
