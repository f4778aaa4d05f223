import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import WebSocket from "ws";
import { createApiServer } from "../api/server.ts";
import { graphOf, roleOf, startTestCloud } from "../gateway/testing.ts";
import { functionArn, functionResources, resource } from "../lambda/fixture.ts";
import { createLambdaHost } from "../lambda/host.ts";
import type { Part } from "../part.ts";
import type { Limits } from "./connections.ts";
import { websocketPart } from "./part.ts";

const uri = (name: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn(name)}/invocations`;

const authorizerSource = `export const handler = async (event) => {
  const who = event.queryStringParameters?.who ?? event.headers.Authorization;
  if (who === "nobody") throw new Error("Unauthorized");
  if (who === "breaks") throw new Error("broken");
  const Effect = who === "denied" ? "Deny" : "Allow";
  return { principalId: who, context: { level: 7 }, policyDocument: { Version: "2012-10-17", Statement: [{ Effect, Action: "execute-api:Invoke", Resource: event.methodArn }] } };
};`;

// What came in is kept in a file for the test to read.
const routeSource = `import { appendFileSync } from "node:fs";
export const handler = async (event) => {
  appendFileSync(process.env.FILE, JSON.stringify(event) + "\\n");
  if (event.body?.includes("boom")) throw new Error("boom");
  const query = event.queryStringParameters ?? {};
  return { statusCode: Number(query.status ?? 200), headers: { "Sec-WebSocket-Protocol": query.protocol ?? "" } };
};`;

export const routeOf = (key: string, inputs: Record<string, unknown> = {}) => [
  resource("aws:apigatewayv2/route:Route", `route${key}`, {
    apiId: "ws1",
    routeKey: key,
    target: `integrations/int${key}`,
    ...inputs,
  }),
  resource("aws:apigatewayv2/integration:Integration", `int${key}`, {
    apiId: "ws1",
    integrationType: "AWS_PROXY",
    integrationUri: uri("route"),
  }),
];

export const api = [
  resource("aws:apigatewayv2/api:Api", "ws1", {
    protocolType: "WEBSOCKET",
    routeSelectionExpression: "$request.body.action",
  }),
  resource("aws:apigatewayv2/stage:Stage", "stage1", { apiId: "ws1", name: "live" }),
  resource("aws:apigatewayv2/authorizer:Authorizer", "auth1", {
    apiId: "ws1",
    authorizerType: "REQUEST",
    authorizerUri: uri("authorizer"),
    identitySources: [],
  }),
];

/** An event as a function saw it. */
// oxlint-disable-next-line typescript/no-explicit-any -- events are looked at, not used
export type Seen = any;

/** A WebSocket API with four routes, its functions run by the Lambda host. */
export const startTestSockets = async (limits: Partial<Limits> = {}) => {
  const server = await createApiServer({ port: 0 });
  let part: Part | undefined;
  const cloud = await startTestCloud([async (host) => (part = await websocketPart(host, server, limits))]);
  const file = join(cloud.host.data, "events.jsonl");
  const lambda = await createLambdaHost(cloud.host);
  Object.assign(cloud.host, { invoke: (name: string, payload: unknown) => lambda.invoke(name, payload) });
  const graph = graphOf(
    ...(await functionResources(cloud.host.data, "authorizer", authorizerSource)),
    ...(await functionResources(cloud.host.data, "route", routeSource, { environment: { variables: { FILE: file } } })),
    roleOf("authorizerRole", []),
    roleOf("routeRole", []),
    roleOf("pusher", [
      {
        Effect: "Allow",
        Action: "execute-api:ManageConnections",
        Resource: "arn:aws:execute-api:us-east-1:123456789012:ws1/live/POST/@connections/*",
      },
    ]),
    ...api,
    ...routeOf("$connect", { authorizationType: "CUSTOM", authorizerId: "auth1" }),
    ...routeOf("$disconnect"),
    ...routeOf("$default"),
    ...routeOf("subscribe"),
  );
  const undeployed = await connect(`ws://127.0.0.1:${server.port}/live`);
  await lambda.apply(graph);
  await cloud.apply(graph);
  const seen = async (): Promise<Seen[]> =>
    (await readFile(file, "utf8").catch(() => ""))
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  return {
    part: part as Part,
    undeployed,
    seen,
    connect: (path = "/live?who=alice", options: Parameters<typeof connect>[1] = {}) =>
      connect(`ws://127.0.0.1:${server.port}${path}`, options),
    management: (role?: string) => {
      const { endpoint, ...rest } = cloud.client(role);
      return new ApiGatewayManagementApiClient({ ...rest, endpoint: `${endpoint}/live` });
    },
    async close() {
      await part?.close?.();
      await server.close();
      await lambda.close();
      await cloud.close();
    },
  };
};

export type Client = {
  /** The status of the handshake: 101 when it was accepted. */
  readonly status: number;
  readonly socket: WebSocket;
  readonly messages: string[];
  /** The code that the connection ended with. */
  readonly closed: Promise<number>;
};

/** Connects and waits for the handshake's answer. */
export const connect = (
  url: string,
  { protocols, ...options }: WebSocket.ClientOptions & { protocols?: string[] } = {},
): Promise<Client> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, protocols, options);
    const messages: string[] = [];
    const closed = new Promise<number>((end) => socket.on("close", end));
    socket.on("message", (data) => messages.push((data as Buffer).toString("utf8")));
    socket.on("error", () => undefined);
    socket.on("open", () => resolve({ status: 101, socket, messages, closed }));
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      resolve({ status: response.statusCode ?? 0, socket, messages, closed });
    });
  });
