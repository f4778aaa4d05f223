import { dynamoAuditTrail } from "@tenantry/aws/audit-trail";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { listAudit, listOwnAudit } from "@tenantry/core/audit/list";

const ports = { trail: dynamoAuditTrail(documents(), setting("CONTROL_TABLE")) };

/** The composition root of the audit trail's part of the API. */
export const audit = { list: listAudit(ports), listOwn: listOwnAudit(ports) };
