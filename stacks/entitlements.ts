import { allow } from "./functions";
import { controlTable, usageTable } from "./tables";

// Looks at a tenant's quotas as soon as its usage is counted: a minute's schedule would be too late for a hard one.
usageTable.subscribe(
  "WatchQuotas",
  {
    handler: "functions/billing/watch-quotas.handler",
    timeout: "1 minute",
    environment: { CONTROL_TABLE: controlTable.name, USAGE_TABLE: usageTable.name },
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
      allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn),
    ],
  },
  {
    filters: [{ dynamodb: { Keys: { pk: { S: [{ prefix: "TENANT#" }, { prefix: "USERS#" }] } } } }],
    transform: {
      eventSourceMapping: (args) => {
        args.startingPosition = "LATEST";
        args.batchSize = 1000;
        // Each tenant is looked at once in a batch, whatever it sends.
        args.maximumBatchingWindowInSeconds = 5;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.bisectBatchOnFunctionError = true;
        // A look that fails is made good by the next: it must not hold up the others.
        args.maximumRetryAttempts = 5;
      },
    },
  },
);
