import { alarmEmail } from "./settings";

/** Where all alarms go. Whoever is to hear of them subscribes: by ALARM_EMAIL, or to this topic by hand. */
const alarmTopic = new aws.sns.Topic("Alarms");

// SNS asks the address to confirm before it sends anything.
if (alarmEmail !== undefined)
  new aws.sns.TopicSubscription("AlarmEmail", { topic: alarmTopic.arn, protocol: "email", endpoint: alarmEmail });

type Alarm = Pick<aws.cloudwatch.MetricAlarmArgs, "dimensions"> & {
  /** What has happened, and where to look. */
  readonly says: string;
  readonly metric: `${"AWS/SQS" | "Tenantry"} ${string}`;
  readonly statistic: "Maximum" | "Sum";
  /** Seconds; a minute unless given. */
  readonly period?: number;
};

/** Raised when the metric is above zero in one period, and told of again when it is over. */
export const alarm = (name: string, { says, metric, period = 60, ...args }: Alarm) => {
  const [namespace = "", metricName = ""] = metric.split(" ");
  return new aws.cloudwatch.MetricAlarm(name, {
    ...args,
    alarmDescription: says,
    namespace,
    metricName,
    period,
    evaluationPeriods: 1,
    threshold: 0,
    comparisonOperator: "GreaterThanThreshold",
    treatMissingData: "notBreaching",
    alarmActions: [alarmTopic.arn],
    okActions: [alarmTopic.arn],
  });
};
