/** What must hold for every deployment. Each check returns the violations it found, in words. */
import type { Graph, GraphResource } from "@tenantry/local-cloud/deploy/graph";
import { ofType } from "@tenantry/local-cloud/deploy/graph";
import asl from "asl-validator";

// oxlint-disable-next-line typescript/no-explicit-any -- policy documents come as text or as objects
const parse = (value: any): any => (typeof value === "string" ? JSON.parse(value) : value);
const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Fails loudly when a check would look at nothing. */
const some = (graph: Graph, type: string): GraphResource[] => {
  const found = ofType(graph, type);
  if (found.length === 0) throw new Error(`The graph has no ${type}: this check would see nothing.`);
  return found;
};

export const unresolvedInputs = (graph: Graph): string[] =>
  graph.resources.flatMap(({ name, inputs }) => {
    const text = JSON.stringify(inputs);
    const bad = /undefined|\[object Object\]|Calling \[to/.exec(text);
    return bad ? [`${name}: …${text.slice(Math.max(0, bad.index - 40), bad.index + 40)}…`] : [];
  });

const open = new Set(["/health", "/docs", "/docs/viewer.js", "/openapi.json", "/problems/{code}"]);

/** The path of a resource, from the chain of its parents. */
const pathOf = (graph: Graph, id: string): string => {
  const resource = ofType(graph, "aws:apigateway/resource:Resource").find((candidate) => candidate.id === id);
  return resource ? `${pathOf(graph, resource.inputs["parentId"])}/${resource.inputs["pathPart"]}` : "";
};

export const unguardedRoutes = (graph: Graph): string[] =>
  some(graph, "aws:apigateway/method:Method").flatMap(({ inputs }) => {
    const path = pathOf(graph, inputs["resourceId"]);
    const guarded = inputs["authorization"] === "CUSTOM" && Boolean(inputs["authorizerId"]);
    return guarded || open.has(path) ? [] : [`${inputs["httpMethod"]} ${path} has no authorizer`];
  });

/** Routes that count nobody's requests: where the authorizer judges, it also says what they are counted under. */
export const unlimitedRoutes = (graph: Graph): string[] => {
  const [api] = some(graph, "aws:apigateway/restApi:RestApi");
  const [stage] = some(graph, "aws:apigateway/stage:Stage");
  const source = api?.inputs["apiKeySource"];
  return [
    ...(source === "AUTHORIZER" ? [] : [`keys come from ${source}`]),
    ...some(graph, "aws:apigateway/method:Method")
      .filter(({ inputs }) => inputs["authorization"] === "CUSTOM" && inputs["apiKeyRequired"] !== true)
      .map(({ inputs }) => `${inputs["httpMethod"]} ${pathOf(graph, inputs["resourceId"])} asks for no key`),
    ...some(graph, "aws:apigateway/usagePlan:UsagePlan")
      .filter(
        ({ inputs }) =>
          !list(inputs["apiStages"]).some(
            (place: { apiId: string; stage: string }) =>
              place.apiId === api?.id && place.stage === stage?.inputs["stageName"],
          ),
      )
      .map(({ name }) => `${name} is not of the API's stage`),
  ];
};

export const undeclaredKeys = (graph: Graph): string[] =>
  some(graph, "aws:dynamodb/table:Table").flatMap(({ name, inputs }) => {
    const declared = new Set(list(inputs["attributes"]).map((attribute: { name: string }) => attribute.name));
    const indexes = [inputs, ...list(inputs["globalSecondaryIndexes"]), ...list(inputs["localSecondaryIndexes"])];
    const used = new Set(indexes.flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey]).filter(Boolean));
    return [
      ...[...used].filter((key) => !declared.has(key)).map((key) => `${name}: ${key} is not declared`),
      ...[...declared].filter((key) => !used.has(key)).map((key) => `${name}: ${key} is no key`),
    ];
  });

/** Which service may assume the role of what. Roles of functions are for Lambda alone. */
export const wideTrust = (graph: Graph): string[] => {
  const functions = new Set(some(graph, "aws:lambda/function:Function").map(({ inputs }) => inputs["role"]));
  return some(graph, "aws:iam/role:Role").flatMap(({ name, inputs, outputs }) =>
    list(parse(inputs["assumeRolePolicy"]).Statement).flatMap(({ Principal }) => {
      // A role for people's work may be assumed by functions of ours, each by its own role.
      const trusted = list<string>(Principal.AWS);
      if (trusted.length > 0 && Object.keys(Principal).length === 1 && !functions.has(outputs["arn"]))
        return trusted.filter((arn) => !functions.has(arn)).map((arn) => `${name} trusts ${arn}`);
      const services = list(Principal.Service);
      const expected = functions.has(outputs["arn"]) ? ["lambda.amazonaws.com"] : services.slice(0, 1);
      const right = Object.keys(Principal).length === 1 && services.length === 1 && services[0] === expected[0];
      return right ? [] : [`${name} trusts ${JSON.stringify(Principal)}`];
    }),
  );
};

/** Actions that AWS judges on everything or not at all, as they name no resource. */
const nameless = new Set([
  "aws-marketplace:BatchMeterUsage",
  "cognito-idp:CreateUserPool",
  "cognito-idp:ListUserPools",
  "cognito-idp:TagResource",
  "kms:CreateKey",
  "kms:ListAliases",
  "kms:ListKeys",
  "kms:TagResource",
]);

/** What functions may do, statement by statement, with the names of their roles. */
const grantsOf = (graph: Graph) => {
  const functions = new Set(some(graph, "aws:lambda/function:Function").map(({ inputs }) => inputs["role"]));
  return some(graph, "aws:iam/role:Role")
    .filter(({ outputs }) => functions.has(outputs["arn"]))
    .flatMap(({ name, inputs }) =>
      list(inputs["inlinePolicies"]).flatMap(({ policy }) =>
        list(parse(policy).Statement).map(({ Action, Resource, Condition }) => ({
          name,
          actions: list<string>(Action),
          resources: list<string>(Resource),
          condition: Condition,
        })),
      ),
    );
};

export const wildcards = (graph: Graph): string[] =>
  grantsOf(graph).flatMap(({ name, actions, resources }) => [
    ...actions.filter((action) => action.includes("*")).map((action) => `${name} may ${action}`),
    ...resources
      .filter((arn) => arn === "*" && !actions.every((action) => nameless.has(action)))
      .map(() => `${name} may ${actions.join(", ")} on everything`),
  ]);

const lookingAtPools = new Set(["cognito-idp:AdminGetUser", "cognito-idp:DescribeUserPool"]);

/** Functions that may do more than look at user pools that are not this deployment's. */
export const foreignPools = (graph: Graph): string[] =>
  grantsOf(graph).flatMap(({ name, actions, resources, condition }) =>
    resources.some((arn) => arn.endsWith(":userpool/*")) &&
    condition?.StringEquals?.["aws:ResourceTag/managed-by"] === undefined
      ? actions
          .filter((action) => !lookingAtPools.has(action))
          .map((action) => `${name} may ${action} on every user pool`)
      : [],
  );

export const invalidWorkflows = (graph: Graph): string[] =>
  some(graph, "aws:sfn/stateMachine:StateMachine").flatMap(({ name, inputs }) => {
    const definition = JSON.parse(inputs["definition"]);
    const { isValid, errorsText } = asl(definition, { checkPaths: true, checkArn: true });
    return [
      ...(isValid ? [] : [`${name}: ${errorsText()}`]),
      ...[...JSON.stringify(definition).matchAll(/"ErrorEquals":\[([^\]]*)\]/g)]
        .filter(([, names = ""]) => names.includes("States.ALL") && names.includes(","))
        .map(([match]) => `${name}: States.ALL must stand alone: ${match}`),
    ];
  });

/** A consumer that gives up must be allowed to say so. */
export const unreachableDestinations = (graph: Graph): string[] =>
  some(graph, "aws:lambda/eventSourceMapping:EventSourceMapping").flatMap(({ name, inputs }) => {
    const destination = inputs["destinationConfig"]?.onFailure?.destinationArn;
    if (destination === undefined) return [];
    const fn = some(graph, "aws:lambda/function:Function").find(({ outputs, inputs: of }) =>
      [outputs["arn"], outputs["qualifiedArn"], of["name"]].includes(inputs["functionName"]),
    );
    const role = some(graph, "aws:iam/role:Role").find(({ outputs }) => outputs["arn"] === fn?.inputs["role"]);
    const allowed = list(role?.inputs["inlinePolicies"]).flatMap(({ policy }) => list(parse(policy).Statement));
    return allowed.some(
      ({ Action, Resource }) => list(Action).includes("sqs:SendMessage") && list(Resource).includes(destination),
    )
      ? []
      : [`${name} may not send to ${destination}`];
  });

export const unprotectedData = (graph: Graph): string[] => [
  ...some(graph, "aws:dynamodb/table:Table").flatMap(({ name, inputs, options }) => [
    ...(inputs["pointInTimeRecovery"]?.enabled ? [] : [`${name} has no point-in-time recovery`]),
    ...(inputs["deletionProtectionEnabled"] ? [] : [`${name} can be deleted`]),
    ...(options.retainOnDelete ? [] : [`${name} goes with the stage`]),
  ]),
  ...some(graph, "aws:rds/cluster:Cluster").flatMap(({ name, inputs }) => [
    ...(inputs["storageEncrypted"] ? [] : [`${name} is not encrypted`]),
    ...(inputs["deletionProtection"] ? [] : [`${name} can be deleted`]),
    ...(inputs["backupRetentionPeriod"] >= 7
      ? []
      : [`${name} keeps backups for ${inputs["backupRetentionPeriod"]} days`]),
  ]),
  ...some(graph, "aws:kinesis/stream:Stream").flatMap(({ name, inputs }) => [
    ...(inputs["encryptionType"] === "KMS" ? [] : [`${name} is not encrypted`]),
    ...(inputs["retentionPeriod"] >= 168 ? [] : [`${name} keeps records for ${inputs["retentionPeriod"]} hours`]),
  ]),
  ...some(graph, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").flatMap(({ name, inputs }) =>
    ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].flatMap((setting) =>
      inputs[setting] ? [] : [`${name}: ${setting} is off`],
    ),
  ),
];

/** Buckets of ours whose policy does not deny everybody every call that comes without TLS. */
export const plainHttp = (graph: Graph): string[] =>
  some(graph, "aws:s3/bucket:Bucket").flatMap(({ name, outputs }) => {
    const bucket = `arn:aws:s3:::${outputs["bucket"]}`;
    const policies = some(graph, "aws:s3/bucketPolicy:BucketPolicy").filter(
      ({ inputs }) => inputs["bucket"] === outputs["bucket"],
    );
    const denies = policies
      .flatMap(({ inputs }) => list(parse(inputs["policy"]).Statement))
      .some(({ Effect, Principal, Action, Resource, Condition }) => {
        const everybody = Principal === "*" || list(Principal?.AWS).includes("*");
        const all =
          list(Action).includes("s3:*") && [bucket, `${bucket}/*`].every((one) => list(Resource).includes(one));
        return Effect === "Deny" && everybody && all && String(Condition?.Bool?.["aws:SecureTransport"]) === "false";
      });
    return denies ? [] : [`${name} may be reached without TLS`];
  });
