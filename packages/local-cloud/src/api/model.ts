import { type Graph, type GraphResource, ofType } from "../deploy/graph.ts";
import { type AccessLog, readAccessLog } from "./access-log.ts";
import type { GatewayResponse } from "./responses.ts";
import { addRoute, createNode, type Node } from "./routes.ts";

export type Authorizer = {
  readonly id: string;
  readonly type: "REQUEST" | "TOKEN";
  readonly functionArn: string;
  /** Such as `method.request.header.Authorization` or `context.httpMethod`. */
  readonly identitySources: readonly string[];
  /** A regular expression that a TOKEN must match. */
  readonly validation?: string;
  /** Seconds that a result is kept; 0 for not at all. */
  readonly ttl: number;
};

export type Integration =
  | { readonly type: "AWS_PROXY"; readonly functionArn: string; readonly timeout: number }
  | {
      readonly type: "MOCK";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

export type Method = {
  readonly integration: Integration;
  readonly authorizer?: Authorizer;
  readonly apiKeyRequired: boolean;
  /** `method.request.querystring.x` and the like that a request validator insists on. */
  readonly requiredParameters: readonly string[];
};

export type Resource = {
  readonly id: string;
  /** As in the graph: `/admin/tenants/{id}`. */
  readonly path: string;
  readonly methods: ReadonlyMap<string, Method>;
};

/** A deployed REST API. */
export type Api = {
  readonly id: string;
  readonly stage: string;
  readonly deployment: string;
  readonly stageVariables: Readonly<Record<string, string>> | null;
  readonly binaryMediaTypes: readonly string[];
  readonly root: Node<Resource>;
  readonly responses: ReadonlyMap<string, GatewayResponse>;
  /** Where the key of a request comes from that its method asks for. */
  readonly apiKeySource: "HEADER" | "AUTHORIZER";
  readonly accessLog: AccessLog | null;
};

/** Pulumi types that make up a REST API. Accounts and domains are accepted; nothing of them is enforced here. */
export const apiTypes = [
  "restApi:RestApi",
  "resource:Resource",
  "method:Method",
  "methodResponse:MethodResponse",
  "methodSettings:MethodSettings",
  "integration:Integration",
  "integrationResponse:IntegrationResponse",
  "authorizer:Authorizer",
  "response:Response",
  "requestValidator:RequestValidator",
  "model:Model",
  "deployment:Deployment",
  "stage:Stage",
  "account:Account",
  "apiKey:ApiKey",
  "usagePlan:UsagePlan",
  "usagePlanKey:UsagePlanKey",
  "domainName:DomainName",
  "basePathMapping:BasePathMapping",
].map((type) => `aws:apigateway/${type}`);

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

const MAX_TIMEOUT = 29_000;

/** `arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<arn>/invocations` → the function's ARN. */
const functionOf = (uri: unknown, name: string): string => {
  const arn = /functions\/(.+)\/invocations$/.exec(text(uri))?.[1];
  if (arn === undefined) throw new Error(`${name} names no Lambda function: ${text(uri)}`);
  return arn;
};

const within = (graph: Graph, type: string, api: string): GraphResource[] =>
  ofType(graph, `aws:apigateway/${type}`).filter(({ inputs }) => (inputs["restApi"] ?? inputs["restApiId"]) === api);

const readAuthorizer = ({ id, name, inputs }: GraphResource): Authorizer => {
  const type: unknown = inputs["type"] ?? "TOKEN";
  if (type !== "REQUEST" && type !== "TOKEN")
    throw new Error(`${name}: the embedded cloud has no ${text(type)} authorizers.`);
  const sources = String(inputs["identitySource"] ?? "method.request.header.Authorization").split(",");
  const validation: unknown = inputs["identityValidationExpression"];
  return {
    id,
    type,
    functionArn: functionOf(inputs["authorizerUri"], name),
    identitySources: sources.map((source) => source.trim()).filter((source) => source !== ""),
    ttl: Number(inputs["authorizerResultTtlInSeconds"] ?? 300),
    ...(typeof validation === "string" ? { validation } : {}),
  };
};

const sameMethod = (a: GraphResource, b: GraphResource): boolean =>
  a.inputs["resourceId"] === b.inputs["resourceId"] && a.inputs["httpMethod"] === b.inputs["httpMethod"];

const readMock = (integration: GraphResource, responses: readonly GraphResource[]): Integration => {
  const response =
    responses.find((one) => sameMethod(one, integration) && !one.inputs["selectionPattern"])?.inputs ?? {};
  const parameters: Record<string, string> = response["responseParameters"] ?? {};
  const headers: Record<string, string> = {};
  for (const [target, value] of Object.entries(parameters)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const literal = /^'(.*)'$/.exec(value)?.[1];
    if (name !== undefined && literal !== undefined) headers[name] = literal;
  }
  const templates: Record<string, string> = response["responseTemplates"] ?? {};
  return {
    type: "MOCK",
    status: Number(response["statusCode"] ?? 200),
    headers,
    body: Object.values(templates)[0] ?? "",
  };
};

const readIntegration = (integration: GraphResource, responses: readonly GraphResource[]): Integration => {
  const { name, inputs } = integration;
  if (inputs["type"] === "MOCK") return readMock(integration, responses);
  if (inputs["type"] !== "AWS_PROXY")
    throw new Error(`${name}: the embedded cloud has no ${inputs["type"]} integrations.`);
  const timeout = Math.min(Number(inputs["timeoutMilliseconds"] ?? MAX_TIMEOUT), MAX_TIMEOUT);
  return { type: "AWS_PROXY", functionArn: functionOf(inputs["uri"], name), timeout };
};

const readRequired = (method: GraphResource, validators: readonly GraphResource[]): string[] => {
  const validator = validators.find(({ id }) => id === method.inputs["requestValidatorId"])?.inputs;
  if (validator?.["validateRequestBody"] === true && Object.keys(method.inputs["requestModels"] ?? {}).length > 0) {
    throw new Error(`${method.name}: the embedded cloud does not check bodies against models.`);
  }
  if (validator?.["validateRequestParameters"] !== true) return [];
  const parameters: Record<string, boolean> = method.inputs["requestParameters"] ?? {};
  return Object.keys(parameters).filter((name) => parameters[name] === true);
};

const readMethods = (graph: Graph, api: string): Map<string, Map<string, Method>> => {
  const authorizers = new Map(within(graph, "authorizer:Authorizer", api).map((one) => [one.id, readAuthorizer(one)]));
  const integrations = within(graph, "integration:Integration", api);
  const responses = within(graph, "integrationResponse:IntegrationResponse", api);
  const validators = within(graph, "requestValidator:RequestValidator", api);
  const byResource = new Map<string, Map<string, Method>>();
  for (const method of within(graph, "method:Method", api)) {
    const { inputs, name } = method;
    const integration = integrations.find((one) => sameMethod(one, method));
    if (!integration) throw new Error(`The method ${name} has no integration: a deployment to AWS would fail.`);
    const kind: unknown = inputs["authorization"] ?? "NONE";
    if (kind !== "NONE" && kind !== "CUSTOM")
      throw new Error(`${name}: the embedded cloud has no ${text(kind)} authorization.`);
    const authorizer = authorizers.get(String(inputs["authorizerId"]));
    if (kind === "CUSTOM" && !authorizer)
      throw new Error(`The method ${name} names an authorizer that does not exist.`);
    const methods = byResource.get(String(inputs["resourceId"])) ?? new Map<string, Method>();
    byResource.set(String(inputs["resourceId"]), methods);
    methods.set(String(inputs["httpMethod"]), {
      integration: readIntegration(integration, responses),
      ...(kind === "CUSTOM" && authorizer ? { authorizer } : {}),
      apiKeyRequired: inputs["apiKeyRequired"] === true,
      requiredParameters: readRequired(method, validators),
    });
  }
  return byResource;
};

/**
 * The graph's REST API, or null when it has none.
 * @throws Error that names what a method asks for and the embedded cloud lacks, or what is missing for it to work at all.
 */
export const readApi = (graph: Graph): Api | null => {
  const stages = ofType(graph, "aws:apigateway/stage:Stage");
  const restApis = ofType(graph, "aws:apigateway/restApi:RestApi");
  if (restApis.length > 1) throw new Error("The embedded cloud serves one REST API, and the app has more.");
  const rest = restApis[0];
  if (!rest) return null;
  const stage = stages.find(({ inputs }) => (inputs["restApi"] ?? inputs["restApiId"]) === rest.id);
  if (!stage) throw new Error(`The REST API ${rest.name} was never deployed to a stage.`);
  const methods = readMethods(graph, rest.id);
  const parts = new Map(within(graph, "resource:Resource", rest.id).map((one) => [one.id, one]));
  const pathOf = (id: string): string => {
    const resource = parts.get(id);
    return resource ? `${pathOf(String(resource.inputs["parentId"]))}/${resource.inputs["pathPart"]}` : "";
  };
  const root = createNode<Resource>();
  for (const [id, ofResource] of methods) {
    const path = pathOf(id) || "/";
    addRoute(root, path, { id, path, methods: ofResource });
  }
  const responses = within(graph, "response:Response", rest.id).map(({ inputs }) => inputs as GatewayResponse);
  return {
    id: rest.id,
    stage: String(stage.inputs["stageName"]),
    deployment: String(stage.inputs["deployment"]),
    stageVariables: stage.inputs["variables"] ?? null,
    binaryMediaTypes: rest.inputs["binaryMediaTypes"] ?? [],
    root,
    responses: new Map(responses.map((response) => [response.responseType, response])),
    accessLog: readAccessLog(stage.inputs),
    apiKeySource: rest.inputs["apiKeySource"] === "AUTHORIZER" ? "AUTHORIZER" : "HEADER",
  };
};
