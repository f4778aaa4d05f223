/** Metrics of the platform; the stacks raise alarms on them by these names. */
const namespace = "Tenantry";

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
type MetricName = "QuarantinedRecords" | "UnexportedUsage" | "UsageDifferences";

/**
 * Counts something by a line of CloudWatch's embedded metric format on standard output, which costs no request. The
 * one dimension is the function; whatever is unbounded, such as a tenant, belongs into `properties`, which are not.
 */
export const metric = (
  name: MetricName,
  count: number,
  functionName: string,
  properties: Readonly<Record<string, unknown>> = {},
): void => {
  const directive = { Namespace: namespace, Dimensions: [["function_name"]], Metrics: [{ Name: name, Unit: "Count" }] };
  const line = {
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] },
    ...properties,
    function_name: functionName,
    [name]: count,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** Counts records set aside that were not there yet. */
export const countQuarantined = (records: number, functionName: string): void => {
  if (records > 0) metric("QuarantinedRecords", records, functionName);
};
