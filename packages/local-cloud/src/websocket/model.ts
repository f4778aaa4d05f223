import { type Graph, type GraphResource, ofType } from "../deploy/graph.ts";

/** A deployed WebSocket API: one stage, its routes by key. */
export type SocketApi = {
  readonly id: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | null;
  /** Where in a message its route key stands, such as `["action"]`. */
  readonly selector: readonly string[];
  readonly routes: ReadonlyMap<string, SocketRoute>;
};

export type SocketRoute = {
  readonly key: string;
  readonly functionArn: string;
  /** Only `$connect` can have one. */
  readonly authorizer?: SocketAuthorizer;
};

export type SocketAuthorizer = {
  readonly functionArn: string;
  /** Such as `route.request.header.Authorization`; each must be there, or the function is not asked. */
  readonly identitySources: readonly string[];
};

/** Pulumi types that make up a WebSocket API. */
export const socketTypes = [
  "api:Api",
  "stage:Stage",
  "route:Route",
  "integration:Integration",
  "authorizer:Authorizer",
  "deployment:Deployment",
].map((type) => `aws:apigatewayv2/${type}`);

const functionOf = (uri: unknown, name: string): string => {
  const arn = /functions\/(.+)\/invocations$/.exec(String(uri))?.[1];
  if (arn === undefined) throw new Error(`${name} names no Lambda function: ${String(uri)}`);
  return arn;
};

const within = (graph: Graph, type: string, api: string): GraphResource[] =>
  ofType(graph, `aws:apigatewayv2/${type}`).filter(({ inputs }) => inputs["apiId"] === api);

const readAuthorizer = ({ name, inputs }: GraphResource): SocketAuthorizer => {
  if (inputs["authorizerType"] !== "REQUEST") {
    throw new Error(`${name}: a WebSocket API takes REQUEST authorizers, not ${String(inputs["authorizerType"])}.`);
  }
  return { functionArn: functionOf(inputs["authorizerUri"], name), identitySources: inputs["identitySources"] ?? [] };
};

const readRoute = (graph: Graph, api: string, { name, inputs }: GraphResource): SocketRoute => {
  const key = String(inputs["routeKey"]);
  const id = /^integrations\/(.+)$/.exec(String(inputs["target"]))?.[1];
  const integration = within(graph, "integration:Integration", api).find((one) => one.id === id);
  if (!integration) throw new Error(`The route ${key} has no integration: a deployment to AWS would fail.`);
  if (integration.inputs["integrationType"] !== "AWS_PROXY") {
    throw new Error(
      `${name}: the embedded cloud has no ${String(integration.inputs["integrationType"])} integrations.`,
    );
  }
  const route = { key, functionArn: functionOf(integration.inputs["integrationUri"], name) };
  const kind: unknown = inputs["authorizationType"] ?? "NONE";
  if (kind === "NONE") return route;
  if (kind !== "CUSTOM" || key !== "$connect") {
    throw new Error(`${name}: the embedded cloud has no ${String(kind)} authorization of the route ${key}.`);
  }
  const authorizer = within(graph, "authorizer:Authorizer", api).find((one) => one.id === inputs["authorizerId"]);
  if (!authorizer) throw new Error(`The route ${key} names an authorizer that does not exist.`);
  return { ...route, authorizer: readAuthorizer(authorizer) };
};

/**
 * The graph's WebSocket API, or null when it has none.
 * @throws Error that names what it asks for and the embedded cloud lacks, or what is missing for it to work at all.
 */
export const readSocketApi = (graph: Graph): SocketApi | null => {
  const apis = ofType(graph, "aws:apigatewayv2/api:Api");
  const [api] = apis;
  if (!api) return null;
  if (apis.length > 1) throw new Error("The embedded cloud serves one WebSocket API, and the app has more.");
  if (api.inputs["protocolType"] !== "WEBSOCKET") {
    throw new Error(`${api.name}: of API Gateway's second version the embedded cloud has WebSocket APIs only.`);
  }
  const [stage] = within(graph, "stage:Stage", api.id);
  if (!stage) throw new Error(`The WebSocket API ${api.name} was never deployed to a stage.`);
  const expression = String(api.inputs["routeSelectionExpression"] ?? "$request.body.action");
  const selector = /^\$request\.body\.([\w.]+)$/.exec(expression)?.[1]?.split(".");
  if (!selector) throw new Error(`${api.name}: the embedded cloud cannot select routes by ${expression}.`);
  const routes = within(graph, "route:Route", api.id).map((one) => readRoute(graph, api.id, one));
  return {
    id: api.id,
    stage: String(stage.outputs["name"] ?? stage.inputs["name"]),
    stageVariables: stage.inputs["stageVariables"] ?? null,
    selector,
    routes: new Map(routes.map((route) => [route.key, route])),
  };
};
