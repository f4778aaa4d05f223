import { allow } from "../functions";
import { usageStream } from "../metering";
import { controlTable, usageTable } from "../tables";

/** What the function may touch that takes usage events in. */
export const intakeGrant = {
  environment: { CONTROL_TABLE: controlTable.name, USAGE_TABLE: usageTable.name, USAGE_STREAM: usageStream.name },
  permissions: [
    allow(["dynamodb:GetItem"], controlTable.arn, usageTable.arn),
    allow(["kinesis:PutRecords"], usageStream.arn),
  ],
  memory: "1024 MB" as const,
  timeout: "29 seconds" as const,
};
