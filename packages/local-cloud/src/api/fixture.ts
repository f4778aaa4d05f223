import { graphOf, startTestCloud } from "../gateway/testing.ts";
import { functionArn, functionResources, resource, type TestResource } from "../lambda/fixture.ts";
import { createLambdaHost } from "../lambda/host.ts";
import type { Part } from "../part.ts";
import { createApiServer } from "./server.ts";

const uri = (name: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn(name)}/invocations`;

const gateway = (type: string, statusCode: string): TestResource =>
  resource("aws:apigateway/response:Response", `Gateway${type}`, {
    restApiId: "api1",
    responseType: type,
    statusCode,
    responseParameters: { "gatewayresponse.header.Content-Type": "'application/problem+json'" },
    responseTemplates: {
      "application/json": `{"status":${statusCode},"type":"$context.error.responseType","detail":$context.error.messageString,"request_id":"$context.requestId","instance":"$context.path"}`,
    },
  });

const route = (id: string, parent: string, part: string): TestResource =>
  resource("aws:apigateway/resource:Resource", id, { restApi: "api1", parentId: parent, pathPart: part });

export const method = (
  resourceId: string,
  verb: string,
  name: string,
  inputs: Record<string, unknown> = {},
): TestResource[] => [
  resource("aws:apigateway/method:Method", `${verb}${resourceId}`, {
    restApi: "api1",
    resourceId,
    httpMethod: verb,
    authorization: "NONE",
    ...inputs,
  }),
  resource("aws:apigateway/integration:Integration", `${verb}${resourceId}Integration`, {
    restApi: "api1",
    resourceId,
    httpMethod: verb,
    type: "AWS_PROXY",
    uri: uri(name),
    timeoutMilliseconds: 1500,
  }),
];

export const authorizer = (id: string, inputs: Record<string, unknown>): TestResource =>
  resource("aws:apigateway/authorizer:Authorizer", id, {
    restApi: "api1",
    type: "REQUEST",
    authorizerUri: uri("authorizer"),
    identitySource: "method.request.header.Authorization",
    ...inputs,
  });

const authorizerSource = `let calls = 0;
export const handler = async (event) => {
  const token = (event.headers.Authorization ?? event.headers.authorization).slice(7);
  calls += 1;
  if (token === "nobody") throw new Error("Unauthorized");
  if (token === "breaks") throw new Error("broken");
  if (token === "malformed") return { principalId: "x" };
  if (token === "nested") return { principalId: "x", context: { deep: {} }, policyDocument: { Statement: [] } };
  const arn = event.methodArn.split("/").slice(0, 2).join("/");
  const Statement = [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: token === "reader" ? arn + "/GET/*" : arn + "/*" }];
  if (token === "denied") Statement.push({ Effect: "Deny", Action: "execute-api:*", Resource: "*" });
  return { principalId: token, context: { calls, admin: true }, policyDocument: { Version: "2012-10-17", Statement } };
};`;

const echoSource = `export const handler = async (event) => {
  const how = event.queryStringParameters?.how;
  if (how === "throw") throw new Error("boom");
  if (how === "hang") await new Promise((r) => setTimeout(r, 2500));
  if (how === "text") return "no proxy response";
  if (how === "body") return { statusCode: 200, body: { not: "text" } };
  if (how === "status") return { body: "" };
  if (how === "inject") return { statusCode: 200, headers: { "x-evil": "a\\r\\nset-cookie: b" }, body: "" };
  if (how === "headers") return { statusCode: 201, headers: { "content-type": "text/plain", etag: 7, "x-both": "one" }, multiValueHeaders: { "set-cookie": ["a=1", "b=2"], "X-Both": ["many"] }, body: "made" };
  if (how === "auth") return { statusCode: 401, headers: { "WWW-Authenticate": "Bearer" }, body: "" };
  if (how === "binary") return { statusCode: 200, headers: { "content-type": "image/png" }, isBase64Encoded: true, body: "iVBORw==" };
  if (how === "empty") return { statusCode: 204 };
  return { statusCode: 200, body: JSON.stringify(event) };
};`;

/** A REST API with real functions behind it. */
export type TestApi = {
  readonly port: number;
  readonly part: Part;
  /** What was answered before anything was deployed. */
  readonly unapplied: Response;
  /** What was written into the access log. */
  readonly logged: string[];
  get(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
};

export const startTestApi = async (): Promise<TestApi> => {
  const cloud = await startTestCloud([]);
  const { host } = cloud;
  const lambda = await createLambdaHost(host);
  host.invoke = (name, payload) => lambda.invoke(name, payload);
  const logged: string[] = [];
  host.call = async (service, action, input) => {
    if (service !== "logs" || action !== "PutLogEvents") throw new Error(`${service}:${action} is not here.`);
    const { logGroupName, logEvents } = input as { logGroupName: string; logEvents: { message: string }[] };
    logged.push(...logEvents.map(({ message }) => `${logGroupName} ${message}`));
  };
  const server = await createApiServer({ port: 0 });
  const part = await server.part(host);
  const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${server.url}${path}`, init);
  const unapplied = await get("/echo");
  const graph = graphOf(
    ...(await functionResources(host.data, "echo", echoSource)),
    ...(await functionResources(host.data, "authorizer", authorizerSource)),
    resource("aws:apigateway/restApi:RestApi", "api1", { name: "api", binaryMediaTypes: ["image/*"] }),
    resource("aws:apigateway/stage:Stage", "stage", {
      restApi: "api1",
      stageName: "local",
      deployment: "d1",
      accessLogSettings: {
        destinationArn: "arn:aws:logs:us-east-1:123456789012:log-group:/access",
        format:
          "$context.requestId $context.status $context.httpMethod $context.resourcePath $context.authorizer.principalId $context.nothing",
      },
    }),
    ...["UNAUTHORIZED", "ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "DEFAULT_4XX"].map(
      (type, index) => gateway(type, ["401", "403", "404", "413", "400"][index] ?? ""),
    ),
    route("echoes", "rootid", "echo"),
    ...method("echoes", "GET", "echo"),
    ...method("echoes", "POST", "echo"),
    route("items", "rootid", "items"),
    route("item", "items", "{id}"),
    ...method("item", "GET", "echo"),
    route("special", "items", "special"),
    ...method("special", "ANY", "echo"),
    route("files", "rootid", "files"),
    route("file", "files", "{path+}"),
    ...method("file", "GET", "echo"),
    authorizer("cached", { authorizerResultTtlInSeconds: 60 }),
    authorizer("fresh", { authorizerResultTtlInSeconds: 0 }),
    route("guarded", "rootid", "guarded"),
    ...method("guarded", "GET", "echo", { authorization: "CUSTOM", authorizerId: "cached" }),
    ...method("guarded", "POST", "echo", { authorization: "CUSTOM", authorizerId: "cached" }),
    route("strict", "rootid", "strict"),
    ...method("strict", "GET", "echo", { authorization: "CUSTOM", authorizerId: "fresh" }),
    route("lost", "rootid", "lost"),
    ...method("lost", "GET", "missing"),
    resource("aws:apigateway/method:Method", "cors", {
      restApi: "api1",
      resourceId: "echoes",
      httpMethod: "OPTIONS",
      authorization: "NONE",
    }),
    resource("aws:apigateway/integration:Integration", "corsI", {
      restApi: "api1",
      resourceId: "echoes",
      httpMethod: "OPTIONS",
      type: "MOCK",
    }),
    resource("aws:apigateway/integrationResponse:IntegrationResponse", "corsR", {
      restApi: "api1",
      resourceId: "echoes",
      httpMethod: "OPTIONS",
      statusCode: "204",
      responseParameters: { "method.response.header.Access-Control-Allow-Origin": "'*'" },
    }),
  );
  await lambda.apply(graph);
  await part.apply?.(graph);
  return {
    port: server.port,
    part,
    unapplied,
    logged,
    get,
    async close() {
      await server.close();
      await lambda.close();
      await cloud.close();
    },
  };
};
