import { allow, allowKeys } from "./functions";
import { production } from "./settings";
import { controlTable, indexesOf } from "./tables";

const registry = { CONTROL_TABLE: controlTable.name };

/** Signs checkpoints. Its public half is all that a verifier needs: `aws kms get-public-key`. */
export const auditKey = new aws.kms.Key("AuditKey", {
  description: `Signs the audit trail's checkpoints of ${$app.name} ${$app.stage}`,
  keyUsage: "SIGN_VERIFY",
  customerMasterKeySpec: "ECC_NIST_P256",
  deletionWindowInDays: production ? 30 : 7,
});

/** Checkpoints. Not even the account's administrators can replace one before its time is over. */
export const auditBucket = new sst.aws.Bucket("AuditCheckpoints", {
  versioning: true,
  transform: { bucket: { objectLockEnabled: true } },
});

new aws.s3.BucketObjectLockConfiguration("AuditCheckpointsLock", {
  bucket: auditBucket.name,
  rule: { defaultRetention: production ? { mode: "COMPLIANCE", years: 7 } : { mode: "GOVERNANCE", days: 1 } },
});

controlTable.subscribe(
  "ChainAudit",
  {
    handler: "functions/triggers/chain-audit.handler",
    environment: registry,
    permissions: [allowKeys(["dynamodb:GetItem", "dynamodb:UpdateItem"], ["AUDIT#"], controlTable.arn)],
  },
  {
    filters: [{ eventName: ["INSERT"], dynamodb: { NewImage: { entity: { S: ["audit"] } } } }],
    transform: {
      eventSourceMapping: (args) => {
        args.startingPosition = "TRIM_HORIZON";
        args.batchSize = 25;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.bisectBatchOnFunctionError = true;
      },
    },
  },
);

new sst.aws.CronV2("CheckpointAudit", {
  schedule: "rate(1 hour)",
  function: {
    handler: "functions/triggers/checkpoint-audit.handler",
    timeout: "5 minutes",
    environment: { ...registry, AUDIT_BUCKET: auditBucket.name, AUDIT_KEY: auditKey.arn },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allowKeys(["dynamodb:UpdateItem"], ["AUDIT#"], controlTable.arn),
      allow(["kms:Sign"], auditKey.arn),
      allow(["s3:PutObject"], $interpolate`${auditBucket.arn}/checkpoints/*`),
    ],
  },
});
