import type { Row } from "./define.ts";
import { harmless } from "./harmless.ts";
import type { AuditRecord } from "./schemas/audit.ts";

const json = (value: unknown): string => (value === null || value === undefined ? "" : JSON.stringify(value));

/** The trail as a table: a row for each entry, and what changed as JSON in a cell. */
export const auditRows = (records: readonly AuditRecord[]): Row[] =>
  records.map((record) => ({
    id: record.id,
    at: record.at,
    tenant_id: record.tenant_id,
    actor: harmless(record.actor),
    on_behalf_of: record.on_behalf_of?.user_id ?? "",
    reason: harmless(record.on_behalf_of?.reason ?? ""),
    action: record.action,
    result: record.result ?? "done",
    target: harmless(record.target ?? ""),
    request_id: record.request_id,
    source_ip: record.source_ip ?? "",
    user_agent: harmless(record.user_agent ?? ""),
    before: json(record.before),
    after: json(record.after),
    seq: record.chain?.seq,
    hash: record.chain?.hash,
  }));
