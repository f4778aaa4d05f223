import { allow } from "./functions";
import { controlTable } from "./tables";

/** Where the control plane's events go: `tenant.activated.v1` and its like, as CloudEvents. */
export const bus = new sst.aws.Bus("Events");

controlTable.subscribe(
  "PublishEvents",
  {
    handler: "functions/triggers/publish-events.handler",
    environment: { EVENT_BUS: bus.name },
    permissions: [allow(["events:PutEvents"], bus.arn)],
  },
  {
    filters: [{ eventName: ["INSERT"], dynamodb: { NewImage: { entity: { S: ["event"] } } } }],
    transform: {
      eventSourceMapping: (args) => {
        args.startingPosition = "TRIM_HORIZON";
        args.batchSize = 10;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.bisectBatchOnFunctionError = true;
      },
    },
  },
);
