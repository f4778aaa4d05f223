import { auditRows } from "./audit-rows.ts";
import { define, none } from "./define.ts";
import { ListAuditQuery, ListOwnAuditQuery, AuditRecord } from "./schemas/audit.ts";
import { pageOf } from "./schemas/common.ts";

const success = {
  status: 200,
  description: "A page of entries.",
  contentType: "application/json",
  body: pageOf(AuditRecord),
  rows: (body: unknown) => auditRows((body as { items: AuditRecord[] }).items),
  // Whole, as `npm run audit:verify` reads them.
  lines: (body: unknown) => (body as { items: AuditRecord[] }).items,
} as const;

/** The operations on the audit trail. */
export const auditOperations = {
  listAudit: define("listAudit", {
    tag: "Audit",
    summary: "Read the audit trail",
    description:
      "What was done on the platform, the newest entry first. Entries are written in the transaction of what they tell, and linked to their tenant's hash chain a moment later. What was denied is told a moment after, by a count.",
    params: none,
    query: ListAuditQuery,
    body: null,
    success,
    problems: ["invalid-cursor"],
  }),
  listOwnAudit: define("listOwnAudit", {
    tag: "Audit",
    summary: "Read your organisation's audit trail",
    description: "What was done to the caller's own tenant, by whomever, the newest entry first.",
    params: none,
    query: ListOwnAuditQuery,
    body: null,
    success,
    problems: ["invalid-cursor"],
  }),
} as const;
