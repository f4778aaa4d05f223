import type { OutputTable } from "./resource.ts";

/** Logs, alarms, dashboards, budgets, trails, parameters. */
export const observabilityOutputs: OutputTable = {
  "aws:cloudwatch/logGroup:LogGroup": ({ name, arn }) => ({ id: name, name, arn: arn("logs", `log-group:${name}`) }),
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ({ i }) => ({ id: String(i["policyName"]) }),
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": ({ name }) => ({ id: name, name }),
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ({ name }) => ({ id: name, name }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ i, autoname, arn }) => {
    const alarm = i["name"] ?? autoname;
    return { id: alarm, name: alarm, arn: arn("cloudwatch", `alarm:${alarm}`) };
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": ({ i, autoname, arn }) => {
    const alarmName = i["alarmName"] ?? autoname;
    return { id: alarmName, alarmName, arn: arn("cloudwatch", `alarm:${alarmName}`) };
  },
  "aws:cloudwatch/dashboard:Dashboard": ({ i, autoname, globalArn }) => {
    const dashboardName = i["dashboardName"] ?? autoname;
    return { id: dashboardName, dashboardName, dashboardArn: globalArn("cloudwatch", `dashboard/${dashboardName}`) };
  },
  "aws:budgets/budget:Budget": ({ name, globalArn, facts }) => ({
    id: `${facts.account}:${name}`,
    name,
    arn: globalArn("budgets", `budget/${name}`),
  }),
  "aws:cloudtrail/trail:Trail": ({ name, arn }) => {
    const self = arn("cloudtrail", `trail/${name}`);
    return { id: self, name, arn: self };
  },
  "aws:ssm/parameter:Parameter": ({ i, name, arn }) => ({
    id: name,
    name,
    arn: arn("ssm", `parameter/${name.replace(/^\//, "")}`),
    version: 1,
    ...(i["value"] === undefined ? {} : { value: i["value"] }),
  }),
  "aws:xray/group:Group": ({ i, arn, from }) => {
    const self = arn("xray", `group/${i["groupName"]}/${from.chars("id", 26).toUpperCase()}`);
    return { id: self, arn: self };
  },
};
