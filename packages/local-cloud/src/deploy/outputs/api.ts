import type { OutputTable } from "./resource.ts";

/** API Gateway: REST. Its ARNs have a region and no account. */
export const apiOutputs: OutputTable = {
  "aws:apigateway/restApi:RestApi": ({ name, from, arn, facts, paths }) => {
    const id = from.chars("id", 10);
    const rootResourceId = from.chars("root", 10);
    paths.set(rootResourceId, "");
    return {
      id,
      name,
      rootResourceId,
      arn: `arn:aws:apigateway:${facts.region}::/restapis/${id}`,
      executionArn: arn("execute-api", id),
      createdDate: "2026-01-01T00:00:00Z",
    };
  },
  "aws:apigateway/resource:Resource": ({ i, from, paths }) => {
    const id = from.chars("id", 6);
    const path = `${paths.get(i["parentId"]) ?? ""}/${i["pathPart"]}`;
    paths.set(id, path);
    return { id, path };
  },
  "aws:apigateway/method:Method": ({ i }) => ({ id: `agm-${i["restApi"]}-${i["resourceId"]}-${i["httpMethod"]}` }),
  "aws:apigateway/integration:Integration": ({ i }) => ({
    id: `agi-${i["restApi"]}-${i["resourceId"]}-${i["httpMethod"]}`,
    timeoutMilliseconds: i["timeoutMilliseconds"] ?? 29_000,
  }),
  "aws:apigateway/methodResponse:MethodResponse": ({ i }) => ({
    id: `agmr-${i["restApi"]}-${i["resourceId"]}-${i["httpMethod"]}-${i["statusCode"]}`,
  }),
  "aws:apigateway/integrationResponse:IntegrationResponse": ({ i }) => ({
    id: `agir-${i["restApi"]}-${i["resourceId"]}-${i["httpMethod"]}-${i["statusCode"]}`,
  }),
  "aws:apigateway/response:Response": ({ i }) => ({ id: `aggr-${i["restApiId"]}-${i["responseType"]}` }),
  "aws:apigateway/requestValidator:RequestValidator": ({ name, from }) => ({ id: from.chars("id", 6), name }),
  "aws:apigateway/model:Model": ({ name, from }) => ({ id: from.chars("id", 6), name }),
  "aws:apigateway/authorizer:Authorizer": ({ i, name, from, facts }) => {
    const id = from.chars("id", 6);
    return { id, name, arn: `arn:aws:apigateway:${facts.region}::/restapis/${i["restApi"]}/authorizers/${id}` };
  },
  "aws:apigateway/deployment:Deployment": ({ from }) => ({
    id: from.chars("id", 6),
    createdDate: "2026-01-01T00:00:00Z",
  }),
  "aws:apigateway/stage:Stage": ({ i, arn, facts }) => {
    const api = typeof i["restApi"] === "string" ? i["restApi"] : i["restApi"].id;
    return {
      id: `ags-${api}-${i["stageName"]}`,
      arn: `arn:aws:apigateway:${facts.region}::/restapis/${api}/stages/${i["stageName"]}`,
      executionArn: arn("execute-api", `${api}/${i["stageName"]}`),
      invokeUrl: facts.apiUrl,
    };
  },
  "aws:apigateway/methodSettings:MethodSettings": ({ i }) => ({
    id: `${i["restApi"]}-${i["stageName"]}-${i["methodPath"]}`,
  }),
  "aws:apigateway/account:Account": () => ({ id: "api-gateway-account", apiKeyVersion: "4" }),
  "aws:apigateway/apiKey:ApiKey": ({ i, name, from, facts }) => {
    const id = from.chars("id", 10);
    const value = i["value"] ?? from.chars("value", 40);
    return { id, name, value, arn: `arn:aws:apigateway:${facts.region}::/apikeys/${id}` };
  },
  "aws:apigateway/usagePlan:UsagePlan": ({ name, from, facts }) => {
    const id = from.chars("id", 6);
    return { id, name, arn: `arn:aws:apigateway:${facts.region}::/usageplans/${id}` };
  },
  "aws:apigateway/usagePlanKey:UsagePlanKey": ({ i }) => ({ id: String(i["keyId"]) }),
};
