import { auditCheckpoints } from "@tenantry/aws/audit-checkpoints";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { log } from "@tenantry/lambda/log";

const checkpoint = auditCheckpoints({
  documents: documents(),
  table: setting("CONTROL_TABLE"),
  bucket: setting("AUDIT_BUCKET"),
  key: setting("AUDIT_KEY"),
});

export const handler = async (): Promise<void> => {
  log("info", "audit checkpoints", { made: await checkpoint(new Date()) });
};
