import type { OutputTable } from "./resource.ts";

/** Lambda, Step Functions, EventBridge and schedules. */
export const functionOutputs: OutputTable = {
  "aws:lambda/function:Function": ({ name, arn, facts }) => {
    const self = arn("lambda", `function:${name}`);
    const invoke = (version: string, action: string): string =>
      `arn:aws:apigateway:${facts.region}:lambda:path/${version}/functions/${self}/${action}`;
    return {
      id: name,
      name,
      arn: self,
      qualifiedArn: `${self}:$LATEST`,
      invokeArn: invoke("2015-03-31", "invocations"),
      qualifiedInvokeArn: invoke("2015-03-31", "invocations"),
      responseStreamingInvokeArn: invoke("2021-11-15", "response-streaming-invocations"),
      version: "$LATEST",
      lastModified: "2026-01-01T00:00:00.000+0000",
    };
  },
  "aws:lambda/permission:Permission": ({ i, autoname }) => {
    const statementId = i["statementId"] ?? autoname;
    return { id: statementId, statementId };
  },
  "aws:lambda/eventSourceMapping:EventSourceMapping": ({ i, from, arn }) => {
    const uuid = from.uuid("mapping");
    const named = String(i["functionName"]);
    const functionArn = named.startsWith("arn:") ? named : arn("lambda", `function:${named}`);
    return { id: uuid, uuid, arn: arn("lambda", `event-source-mapping:${uuid}`), functionArn, state: "Enabled" };
  },
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ({ i }) => ({ id: String(i["functionName"]) }),
  "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": ({ i }) => ({
    id: `${i["functionName"]},${i["qualifier"]}`,
  }),
  "aws:lambda/alias:Alias": ({ i, name, arn, facts }) => {
    const self = `${arn("lambda", `function:${String(i["functionName"]).split(":").at(-1)}`)}:${name}`;
    const invokeArn = `arn:aws:apigateway:${facts.region}:lambda:path/2015-03-31/functions/${self}/invocations`;
    return { id: self, name, arn: self, invokeArn };
  },
  "aws:sfn/stateMachine:StateMachine": ({ name, arn }) => {
    const self = arn("states", `stateMachine:${name}`);
    return { id: self, name, arn: self, creationDate: "2026-01-01T00:00:00Z", status: "ACTIVE" };
  },
  "aws:cloudwatch/eventBus:EventBus": ({ name, arn }) => ({ id: name, name, arn: arn("events", `event-bus/${name}`) }),
  "aws:cloudwatch/eventRule:EventRule": ({ i, name, arn }) => {
    const bus =
      String(i["eventBusName"] ?? "default")
        .split("/")
        .at(-1) ?? "default";
    const path = bus === "default" ? name : `${bus}/${name}`;
    return { id: path, name, arn: arn("events", `rule/${path}`), eventBusName: bus };
  },
  "aws:cloudwatch/eventTarget:EventTarget": ({ i, from }) => {
    const targetId = i["targetId"] ?? `terraform-${from.hex("target", 26)}`;
    return { id: `${i["rule"]}-${targetId}`, targetId };
  },
  "aws:cloudwatch/eventArchive:EventArchive": ({ name, arn }) => ({
    id: name,
    name,
    arn: arn("events", `archive/${name}`),
  }),
  "aws:scheduler/schedule:Schedule": ({ i, name, arn }) => {
    const groupName = i["groupName"] ?? "default";
    return { id: `${groupName}/${name}`, name, groupName, arn: arn("scheduler", `schedule/${groupName}/${name}`) };
  },
  "aws:scheduler/scheduleGroup:ScheduleGroup": ({ name, arn }) => ({
    id: name,
    name,
    arn: arn("scheduler", `schedule-group/${name}`),
  }),
};
