import { z } from "zod";
import { Instant } from "../time.ts";

/** Who did what to what, written in the same transaction as the change itself. */
export const AuditEntry = z.strictObject({
  id: z.string(),
  at: Instant,
  actor: z.string(),
  /** The verb, such as `tenant.register`. */
  action: z.string(),
  tenant_id: z.string(),
  request_id: z.string(),
  source_ip: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
