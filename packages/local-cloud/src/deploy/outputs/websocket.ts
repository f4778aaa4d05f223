import type { OutputTable } from "./resource.ts";

/** API Gateway's second version: WebSocket APIs, which clients reach on the REST API's port. */
export const socketOutputs: OutputTable = {
  "aws:apigatewayv2/api:Api": ({ i, name, from, arn, facts }) => {
    const id = from.chars("id", 10);
    const embedded = i["protocolType"] === "WEBSOCKET" ? facts.apiUrl.replace(/^http/, "ws") : undefined;
    return {
      id,
      name,
      apiEndpoint: embedded ?? `https://${id}.execute-api.${facts.region}.amazonaws.com`,
      apiKeySelectionExpression: "$request.header.x-api-key",
      arn: `arn:aws:apigateway:${facts.region}::/apis/${id}`,
      executionArn: arn("execute-api", id),
    };
  },
  "aws:apigatewayv2/integration:Integration": ({ from }) => ({ id: from.chars("id", 7), timeoutMilliseconds: 29_000 }),
  "aws:apigatewayv2/route:Route": ({ from }) => ({ id: from.chars("id", 7) }),
  "aws:apigatewayv2/authorizer:Authorizer": ({ name, from }) => ({ id: from.chars("id", 6), name }),
  "aws:apigatewayv2/deployment:Deployment": ({ from }) => ({ id: from.chars("id", 6), autoDeployed: false }),
  "aws:apigatewayv2/stage:Stage": ({ i, name, from, arn, facts }) => ({
    id: name,
    name,
    deploymentId: i["deploymentId"] ?? from.chars("deployment", 6),
    arn: `arn:aws:apigateway:${facts.region}::/apis/${i["apiId"]}/stages/${name}`,
    executionArn: arn("execute-api", `${i["apiId"]}/${name}`),
    invokeUrl: `${facts.apiUrl.replace(/^http/, "ws")}/${name}`,
  }),
};
