import { exportUsage } from "@tenantry/core/usage-export/export-usage";
import { errorFields, log } from "@tenantry/lambda/log";
import { metric } from "@tenantry/lambda/metric";
import type { Context } from "aws-lambda";
import { exporters, ports } from "./export-app.ts";

export const handler = async (_: unknown, { functionName }: Pick<Context, "functionName">): Promise<void> => {
  for (const exporter of exporters) {
    const { taken, errors } = await exportUsage(ports)(exporter);
    log("info", "usage exported", { exporter: exporter.sink.name, taken, failures: errors.length });
    for (const error of errors) log("error", "usage not exported", errorFields(error));
    if (errors.length > 0) metric("UnexportedUsage", errors.length, functionName, { exporter: exporter.sink.name });
  }
};
